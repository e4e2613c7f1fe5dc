/** The client against a socket that plays QEMU. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { onHalt } from '../../../../src/vm/qemu/on-halt.js';
import {
  plugDimm,
  requestVirtioMem,
  unplugDimm,
  virtioMemSizeMiB,
} from '../../../../src/vm/qemu/pluggable-memory.js';
import { QmpClient, type QmpEvent } from '../../../../src/vm/qemu/qmp.js';

interface Command {
  readonly execute: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly id: number;
}

describe('a QMP client', () => {
  let directory: string;
  let close: () => void;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'stuckfs-qmp-'));
  });
  afterEach(() => {
    close();
    rmSync(directory, { recursive: true });
  });

  /** `answer` undefined: QEMU says nothing. */
  async function connect(
    answer: (command: Command, qemu: Socket) => object | undefined,
  ): Promise<{ readonly client: QmpClient; readonly qemu: Socket; readonly seen: Command[] }> {
    const path = join(directory, 'qmp');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const qemu = dial(path);
    qemu.on('error', () => undefined);
    const seen: Command[] = [];
    createInterface({ input: qemu }).on('line', (line) => {
      const command = JSON.parse(line) as Command;
      seen.push(command);
      const said = command.execute === 'qmp_capabilities' ? { return: {} } : answer(command, qemu);
      if (said !== undefined) qemu.write(`${JSON.stringify({ ...said, id: command.id })}\r\n`);
    });
    qemu.write('{"QMP": {"version": {}, "capabilities": ["oob"]}}\r\n');
    close = () => {
      qemu.destroy();
      server.close();
    };
    return { client: await QmpClient.greet(await connected, 5000), qemu, seen };
  }

  test('negotiates, and gets the answer to its own command', async () => {
    const waiting: Command[] = [];
    const { client, qemu, seen } = await connect((command) => {
      waiting.push(command);
      if (waiting.length < 2) return undefined;
      // In the other order.
      for (const { id, execute } of waiting.toReversed())
        qemu.write(`${JSON.stringify({ return: { of: execute }, id })}\n`);
      return undefined;
    });
    const answers = await Promise.all([client.execute('one'), client.execute('two', { a: 1 })]);
    assert.deepEqual(answers, [{ of: 'one' }, { of: 'two' }]);
    assert.deepEqual(
      seen.map(({ execute }) => execute),
      ['qmp_capabilities', 'one', 'two'],
    );
    assert.deepEqual(seen[2]?.arguments, { a: 1 });
  });

  test('is told why a command is refused', async () => {
    const { client } = await connect(() => ({ error: { class: 'DeviceNotFound', desc: 'no such device' } }));
    await assert.rejects(client.execute('device_del', { id: 'x' }), {
      code: 'QMP',
      message: 'no such device',
    });
  });

  test('waits no longer than it was told to', async () => {
    const { client } = await connect(() => undefined);
    await assert.rejects(client.execute('stuck', {}, 20), /stuck: no answer within 20 ms/);
  });

  test('hears that QEMU has ended, also afterwards', async () => {
    const { client, qemu } = await connect((_, socket) => {
      socket.end();
      return undefined;
    });
    await assert.rejects(client.execute('quit'), /QEMU has ended/);
    qemu.destroy();
    await assert.rejects(client.execute('again'), /QEMU has ended/);
  });

  test('tells events until it is told not to', async () => {
    const { client } = await connect((_, socket) => {
      socket.write('{"event":"STOP"}\nnot json\n{"event":"RTC_CHANGE","data":{"offset":1}}\n');
      return { return: {} };
    });
    const events: QmpEvent[] = [];
    const stop = client.onEvent((event) => events.push(event));
    await client.execute('a');
    stop();
    await client.execute('b');
    assert.deepEqual(events, [
      { name: 'STOP', data: {} },
      { name: 'RTC_CHANGE', data: { offset: 1 } },
    ]);
  });

  test('unplugs a DIMM, or says that the guest refused', async () => {
    const says = (event: object) => (command: Command, socket: Socket) => {
      if (command.execute === 'device_del') setImmediate(() => socket.write(`${JSON.stringify(event)}\n`));
      return { return: {} };
    };
    const gone = await connect(says({ event: 'DEVICE_DELETED', data: { device: 'dimm0', path: '/x' } }));
    assert.deepEqual(await unplugDimm(gone.client, 5000), { kind: 'unplugged' });
    close();
    rmSync(join(directory, 'qmp'), { force: true });
    const kept = await connect(says({ event: 'MEM_UNPLUG_ERROR', data: { device: 'dimm0', msg: 'x' } }));
    assert.deepEqual(await unplugDimm(kept.client, 5000), { kind: 'refused', event: 'MEM_UNPLUG_ERROR' });
    assert.deepEqual(await unplugDimm(kept.client, 20, 'other'), { kind: 'no-answer' });
    assert.deepEqual(gone.seen.at(-1)?.arguments, { id: 'dimm0-memory' });
    close();
    rmSync(join(directory, 'qmp'), { force: true });
    // Of the guest's kernel: it is at it; it has plugged one in; another one is busy.  None of these is a refusal.
    const told = [
      { device: 'dimm0', source: 3, status: 0x84 },
      { device: 'dimm0', source: 1, status: 0x82 },
      { device: 'dimm1', source: 3, status: 0x82 },
    ];
    const busy = await connect(({ execute }, socket) => {
      if (execute === 'device_del')
        for (const info of told)
          socket.write(`${JSON.stringify({ event: 'ACPI_DEVICE_OST', data: { info } })}\n`);
      return { return: {} };
    });
    assert.deepEqual(await unplugDimm(busy.client, 50), { kind: 'no-answer' });
  });

  test('plugs a DIMM in: first its memory', async () => {
    const { client, seen } = await connect(() => ({ return: {} }));
    await plugDimm(client, 'dimm1', 128, 1);
    assert.deepEqual(
      seen.slice(1).map((command) => [command.execute, command.arguments]),
      [
        ['object-add', { 'qom-type': 'memory-backend-ram', id: 'dimm1-memory', size: 134217728 }],
        ['device_add', { driver: 'pc-dimm', id: 'dimm1', memdev: 'dimm1-memory', node: 1 }],
      ],
    );
  });

  test('asks for virtio-mem in bytes', async () => {
    const { client, seen } = await connect(({ execute }) => ({
      return: execute === 'qom-get' ? 268435456 : {},
    }));
    await requestVirtioMem(client, 128);
    assert.deepEqual(seen.at(-1)?.arguments, {
      path: '/machine/peripheral/vmem0',
      property: 'requested-size',
      value: 134217728,
    });
    assert.equal(await virtioMemSizeMiB(client), 256);
  });

  test('says that the machine has stopped, if that was before it listened', async () => {
    let state = 'internal-error';
    const { client } = await connect(() => ({ return: { status: state, running: false } }));
    assert.equal(await new Promise<string>((resolve) => onHalt(client, resolve)), 'internal-error');
    state = 'guest-panicked';
    onHalt(client, () => assert.fail('a panic is told elsewhere'));
    await client.execute('query-status');
  });
});
