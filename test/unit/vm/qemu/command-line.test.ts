import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../../../../src/base/errors.js';
import type { MachineShape } from '../../../../src/vm/machine-shape.js';
import { type QemuPlan, qemuWords } from '../../../../src/vm/qemu/command-line.js';
import { kernelCommandLine } from '../../../../src/vm/qemu/kernel-command-line.js';

const small: MachineShape = { memoryMiB: 1024, cpus: 2, numaNodes: 1 };

function words(shape: Partial<MachineShape> = {}, more: Partial<QemuPlan> = {}): string {
  const plan = {
    accel: 'tcg',
    kernelImage: '/k',
    initrd: '/i',
    image: '/with,comma and blank',
  } as const;
  return qemuWords({ ...plan, shape: { ...small, ...shape }, ...more }).join('\n');
}

/** The words after each of this option. */
const after = (text: string, option: string): readonly string[] =>
  text.split('\n').flatMap((word, at, all) => (word === option ? [all[at + 1] ?? ''] : []));

describe("QEMU's words", () => {
  test('name nothing of the user, no network, and end at a panic', () => {
    const text = words();
    for (const word of ['-no-user-config', '-nodefaults', '-no-reboot', 'panic=exit-failure', 'pvpanic-pci'])
      assert.ok(text.split('\n').includes(word), word);
    assert.deepEqual(after(text, '-machine'), ['q35,max-ram-below-4g=1024M']);
    assert.deepEqual(after(text, '-m'), ['1024M']);
    assert.deepEqual(after(text, '-numa'), []);
    assert.doesNotMatch(text, /netdev|-net\b/);
  });

  test('attach the image read only, whatever its name', () => {
    const [node = ''] = after(words(), '-blockdev');
    const parsed = JSON.parse(node) as {
      'read-only': boolean;
      file: { filename: string; 'read-only': boolean };
    };
    assert.equal(parsed['read-only'], true);
    assert.deepEqual(parsed.file, { driver: 'file', filename: '/with,comma and blank', 'read-only': true });
    assert.deepEqual(after(words({}, { image: undefined }), '-blockdev'), []);
  });

  test('leave a guest one zone, unless it is asked for more', () => {
    const below = (shape: Partial<MachineShape>) =>
      after(words(shape), '-machine').map((word) => Number(/max-ram-below-4g=(\d+)M/.exec(word)?.[1]));
    assert.deepEqual(below({ memoryMiB: 1792 }), [1792]);
    assert.deepEqual(below({ memoryMiB: 4096 }), [2048]);
    for (const zones of [
      { numaNodes: 2 },
      { hugetlbCmaMiB: 512 },
      { hotplugDimmMiB: 256 },
      { cmaMiB: 64 },
    ] as const)
      assert.deepEqual(below({ memoryMiB: 2048, ...zones }), [1024], JSON.stringify(zones));
  });

  test('name the three ports', () => {
    const names = after(words(), '-device').flatMap(
      (word) => /^virtserialport,.*name=(.*)/.exec(word)?.[1] ?? [],
    );
    assert.deepEqual(names, ['stuckfs.job', 'stuckfs.log', 'stuckfs.result']);
  });

  test('choose the accelerator', () => {
    assert.deepEqual(after(words(), '-accel'), ['tcg,thread=single']);
    assert.deepEqual(after(words({}, { accel: 'kvm' }), '-accel'), ['kvm']);
    assert.deepEqual(after(words({}, { accel: 'kvm' }), '-cpu'), ['host']);
  });

  test('halve memory and CPUs between two nodes', () => {
    const text = words({ numaNodes: 2, memoryMiB: 2048, cpus: 3 });
    assert.deepEqual(after(text, '-numa'), [
      'node,nodeid=0,memdev=node0,cpus=0,cpus=1',
      'node,nodeid=1,memdev=node1,cpus=2',
    ]);
    assert.deepEqual(after(text, '-object'), [
      'memory-backend-ram,id=node0,size=1024M',
      'memory-backend-ram,id=node1,size=1024M',
    ]);
    assert.deepEqual(after(words({ numaNodes: 2, cpus: 1 }), '-numa')[1], 'node,nodeid=1,memdev=node1');
    assert.deepEqual(after(words({ numaNodes: 2 }), '-smp'), ['2,sockets=2']);
    assert.deepEqual(after(words(), '-smp'), ['2,sockets=1']);
  });

  test('have room for what is plugged', () => {
    const text = words({ dimmMiB: 256, virtioMemMiB: 512 });
    assert.deepEqual(after(text, '-m'), ['1024M,slots=4,maxmem=4864M']);
    assert.ok(after(text, '-device').includes('pc-dimm,id=dimm0,memdev=dimm0-memory,node=0'));
    assert.ok(
      after(text, '-device').includes(
        'virtio-mem-pci,id=vmem0,memdev=vmem0-memory,node=0,requested-size=512M',
      ),
    );
    assert.match(after(text, '-append')[0] ?? '', / memhp_default_state=online_movable/);
  });

  test('have room, and a port more, for what the guest asks for', () => {
    const text = words({ hotplugDimmMiB: 256 });
    assert.deepEqual(after(text, '-m'), ['1024M,slots=4,maxmem=4352M']);
    assert.doesNotMatch(text, /pc-dimm/);
    assert.ok(after(text, '-device').includes('virtserialport,chardev=hotplug,name=stuckfs.hotplug'));
    assert.match(after(text, '-append')[0] ?? '', / memhp_default_state=online_movable/);
  });

  const bad: readonly (readonly [Partial<MachineShape>, string])[] = [
    [{ cpus: 0 }, 'cpus'],
    [{ cpus: 1.5 }, 'cpus'],
    [{ memoryMiB: 64 }, 'memoryMiB'],
    [{ memoryMiB: 1025 }, 'memoryMiB'],
    [{ memoryMiB: Number.NaN }, 'memoryMiB'],
    [{ dimmMiB: 100 }, 'dimmMiB'],
    [{ virtioMemMiB: 0 }, 'virtioMemMiB'],
    [{ hotplugDimmMiB: 64 }, 'hotplugDimmMiB'],
    [{ cmaMiB: 1024 }, 'cmaMiB'],
    [{ hugetlbCmaMiB: 600, cmaMiB: 600 }, 'memoryMiB'],
  ];
  for (const [shape, field] of bad)
    test(`refuse ${JSON.stringify(shape)}`, () => {
      assert.throws(
        () => words(shape),
        (error) => error instanceof UsageError && error.field === `machine shape: ${field}`,
      );
    });
});

describe("the kernel's command line", () => {
  test('has what the shape asks for', () => {
    const line = kernelCommandLine({ ...small, hugetlbCmaMiB: 128, cmaMiB: 64 }, ['a=b']);
    assert.match(line, /^console=ttyS0 .* hugetlb_cma=128M nokaslr cma=64M a=b$/);
    assert.doesNotMatch(kernelCommandLine(small), /movable|cma|nokaslr/);
  });

  test('is no longer than the kernel reads', () => {
    const room = 2047 - kernelCommandLine(small).length - 1;
    assert.equal(kernelCommandLine(small, ['x'.repeat(room)]).length, 2047);
    assert.throws(() => kernelCommandLine(small, ['x'.repeat(room + 1)]), /2048 bytes: .*at most 2047/);
  });

  test('takes no word that the kernel would read as several', () => {
    for (const word of ['', 'a b', 'a\nb', 'ä'])
      assert.throws(() => kernelCommandLine(small, [word]), UsageError);
  });
});
