/**
 * The rooms of the house and who may import whom (ARCHITECTURE.md, "Rooms").
 * A room that is not named on the left may import nothing of ours but `base`.
 * test/unit/rooms.test.ts plants a breach and checks that this bites.
 */
const may = {
  base: [],
  protocol: [],
  syscall: [],
  kernel: ['syscall'],
  transport: ['protocol', 'syscall', 'kernel'],
  store: ['syscall'],
  fault: ['protocol'],
  plan: ['fault', 'protocol'],
  safety: ['kernel', 'syscall'],
  'control/contract': ['protocol', 'fault', 'plan'],
  'control/client': ['control/contract'],
  'control/server': ['control/contract', 'syscall'],
  daemon: [
    'protocol',
    'transport',
    'store',
    'fault',
    'plan',
    'control/contract',
    'control/server',
    'safety',
    'kernel',
    'syscall',
  ],
  workload: ['syscall', 'kernel'],
  nfs: ['syscall'],
  trigger: ['syscall', 'kernel'],
  mitigation: ['control/client', 'control/contract', 'kernel', 'syscall'],
  record: ['kernel', 'syscall'],
  placement: ['kernel', 'syscall'],
  report: ['record', 'kernel'],
  vm: ['record', 'kernel', 'syscall'],
  matrix: ['vm', 'scenario', 'trigger', 'report', 'record', 'kernel', 'syscall'],
  scenario: [
    'control/client',
    'control/contract',
    'placement',
    'workload',
    'trigger',
    'mitigation',
    'record',
    'report',
    'kernel',
    'safety',
    'syscall',
  ],
};

const roomPath = (room) => `^src/${room}/`;

/** A file of a room that `may` does not name: it may neither import, nor be imported, nor lie there unused. */
const roomless = {
  path: '^src/',
  pathNot: [...Object.keys(may), 'cli'].map(roomPath).concat('^src/index\\.ts$'),
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'src-not-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'no-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ...Object.entries(may).map(([room, allowed]) => ({
      name: `room-${room.replace('/', '-')}`,
      severity: 'error',
      from: { path: roomPath(room) },
      to: { path: '^src/', pathNot: ['base', room, ...allowed].map(roomPath) },
    })),
    {
      // Who imports the package gets a client, and nothing that loads libc or wants root.
      name: 'package-is-the-client',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: { path: '^src/', pathNot: ['base', 'control/client', 'control/contract'].map(roomPath) },
    },
    { name: 'room-not-listed', severity: 'error', from: roomless, to: {} },
    { name: 'room-not-listed', severity: 'error', from: {}, to: roomless },
    { name: 'room-not-listed', severity: 'error', from: { ...roomless, orphan: true }, to: {} },
    {
      name: 'cli-not-imported',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
