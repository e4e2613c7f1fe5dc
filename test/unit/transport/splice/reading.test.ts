/** A pipe stands in for /dev/fuse: what it yields to one splice(2) is one message. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { Errno } from '../../../../src/base/errno.js';
import { PAGE_BYTES } from '../../../../src/base/page-size.js';
import { read, write } from '../../../../src/syscall/file.js';
import { closePipe, pipe, setPipeSize } from '../../../../src/syscall/pipe.js';
import { KeptPins } from '../../../../src/transport/splice/kept-pins.js';
import { SpliceReading } from '../../../../src/transport/splice/splice-reading.js';
import { cstring } from '../../../support/bytes.js';
import { fuseMessage } from '../../../support/fuse-message.js';
import { writeArgs } from '../../daemon/server.js';

const MAX_PAGES = 32;

function setUp(t: TestContext, mayPin = true, maxPins = 10) {
  const device = pipe();
  assert.ok(typeof device !== 'number');
  assert.ok(setPipeSize(device.readFd, 1 << 18) > 0);
  const reading = new SpliceReading({ fuseFd: device.readFd, maxPages: MAX_PAGES, mayPin: () => mayPin });
  const pins = new KeptPins(reading, maxPins);
  t.after(() => {
    pins.close();
    reading.close();
    closePipe(device);
  });
  const into = Buffer.alloc((MAX_PAGES + 1) * PAGE_BYTES);
  return {
    reading,
    pins,
    send: (message: Buffer) => assert.equal(write(device.writeFd, message), message.length),
    next: () => {
      const length = reading.next(into);
      return length < 0 ? length : Buffer.from(into.subarray(0, length));
    },
  };
}

const data = (length: number, seed: number) =>
  Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 0xff));
const writeOf = (bytes: Buffer) => fuseMessage('FUSE_WRITE', { unique: 2 }, writeArgs(0, bytes));
const lookup = fuseMessage('FUSE_LOOKUP', { unique: 4 }, cstring('name'));
const long = fuseMessage('FUSE_LOOKUP', { unique: 4 }, cstring('n'.repeat(255)));

/** Descriptors of this process that are pipes; one that is gone meanwhile is the listing's own. */
function pipes(): { readonly fd: number; readonly ino: string }[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const ino = readlinkSync(`/proc/self/fd/${fd}`);
      return ino.startsWith('pipe:') ? { fd: Number(fd), ino } : [];
    } catch {
      return [];
    }
  });
}

const nrPipes = (): number => pipes().length;

describe('SpliceReading', () => {
  for (const mayPin of [false, true]) {
    test(`gives each message whole, ${mayPin ? 'where it may be pinned' : 'where nothing is pinned'}`, (t) => {
      const { reading, send, next } = setUp(t, mayPin);
      const messages = [
        lookup,
        writeOf(data(1, 1)),
        long,
        writeOf(data(100_001, 2)),
        writeOf(Buffer.alloc(0)),
      ];
      for (const message of [...messages, ...messages]) {
        send(message);
        assert.deepEqual(next(), message);
        const kept = mayPin && message.readUInt32LE(4) === 16 ? message.length - 80 : 0;
        assert.equal(reading.leftBytes, kept, 'only the data of a WRITE that may be pinned is left');
      }
      assert.equal(next(), -Errno.EAGAIN);
      assert.equal(reading.leftBytes, 0);
    });
  }
});

describe('KeptPins', () => {
  /** 32 pages behind a header of 80 bytes lie in 33 buffers, for which the pipe has to grow once more. */
  for (const bytes of [1, 4016, 4017, 100_001, MAX_PAGES * PAGE_BYTES]) {
    test(`keeps ${bytes} bytes in one descriptor until they are dropped`, (t) => {
      const { reading, pins, send, next } = setUp(t);
      const before = nrPipes();
      send(writeOf(data(bytes, 3)));
      next();
      const pin = pins.pin();
      assert.ok(typeof pin !== 'number', `errno ${pin}`);
      assert.equal(reading.leftBytes, 0);
      assert.equal(nrPipes(), before + 1);
      send(lookup);
      assert.deepEqual(next(), lookup, 'the next message comes as ever');
      pin.drop();
      assert.equal(nrPipes(), before);
      pin.drop();
      assert.equal(nrPipes(), before, 'dropped once');
    });
  }

  test('keeps the bytes as they came', (t) => {
    const { pins, send, next } = setUp(t);
    const known = new Set(pipes().map(({ ino }) => ino));
    send(writeOf(data(100_001, 4)));
    next();
    assert.ok(typeof pins.pin() !== 'number');
    const [kept, ...more] = pipes().filter(({ ino }) => !known.has(ino));
    assert.ok(kept !== undefined);
    assert.deepEqual(more, []);
    const into = Buffer.alloc(200_000);
    const length = read(kept.fd, into);
    assert.deepEqual(into.subarray(0, length), data(100_001, 4));
  });

  test('refuses what is over the limit, and what has no data; the data then goes with the next message', (t) => {
    const { reading, pins, send, next } = setUp(t, true, 2);
    assert.equal(pins.pin(), -Errno.ENODATA);
    for (const seed of [1, 2]) {
      send(writeOf(data(10, seed)));
      next();
      assert.ok(typeof pins.pin() !== 'number');
    }
    send(writeOf(data(10, 3)));
    next();
    assert.equal(pins.pin(), -Errno.EMFILE);
    assert.equal(reading.leftBytes, 10);
    send(lookup);
    assert.deepEqual(next(), lookup);
    assert.equal(pins.pin(), -Errno.ENODATA);
  });

  test('lets go of everything at the end', (t) => {
    const { pins, send, next } = setUp(t);
    const before = nrPipes();
    for (let nr = 0; nr < 5; nr++) {
      send(writeOf(data(10, nr)));
      next();
      pins.pin();
    }
    assert.equal(nrPipes(), before + 5);
    pins.close();
    assert.equal(nrPipes(), before);
  });
});
