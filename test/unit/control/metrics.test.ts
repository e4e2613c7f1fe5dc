import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from '../../../src/control/server/metrics.js';
import { exampleStatus, serveFake } from './fake-daemon.js';
import { send } from './raw-http.js';

test('a status as Prometheus text: base units, escaped labels, HELP and TYPE for each family', () => {
  const text = metricsText(exampleStatus);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.deepEqual(samples, [
    'stuckfs_info{version="0.1.0",mount_point="/mnt/a \\"quoted\\"\\\\path",device="0:39",connection="39",transport="dev-fuse",protocol="7.45"} 1',
    'stuckfs_uptime_seconds 60.5',
    'stuckfs_held_requests{opcode="FUSE_WRITE"} 2',
    'stuckfs_held_bytes 8192',
    'stuckfs_held_oldest_seconds 1.5',
    'stuckfs_pinned_requests 3',
    'stuckfs_pinned_bytes 12288',
    'stuckfs_pins_refused_total 1',
    'stuckfs_max_hold_seconds 120',
    'stuckfs_watchdog_up 1',
    'stuckfs_faults 1',
    'stuckfs_unplugged 0',
    'stuckfs_requests_total{opcode="FUSE_WRITE"} 10',
    'stuckfs_requests_total{opcode="FUSE_INIT"} 1',
    'stuckfs_replies_total 9',
    'stuckfs_replies_refused_total 1',
    'stuckfs_store_used_bytes 4096',
    'stuckfs_store_max_bytes 1073741824',
    'stuckfs_store_inodes 3',
    'stuckfs_store_max_inodes 65536',
  ]);
  assert.ok(text.endsWith('\n'));
  for (const sample of samples) {
    const name = sample.split(/[{ ]/)[0];
    assert.match(text, new RegExp(`^# HELP ${name} .+\\n# TYPE ${name} (gauge|counter)\\n${name}`, 'm'));
  }
});

test('a newline in a mount point cannot make a line of its own', () => {
  const text = metricsText({ ...exampleStatus, mountPoint: '/mnt/a\nstuckfs_faults 9' });
  assert.match(text, /mount_point="\/mnt\/a\\nstuckfs_faults 9"/);
});

test('unplugged is a gauge of 1', () => {
  assert.match(metricsText({ ...exampleStatus, unplugged: true }), /^stuckfs_unplugged 1$/m);
});

test('what is not there is absent', () => {
  const held = { requests: 0, bytes: 0, oldestMs: null, byOpcode: {} };
  const text = metricsText({ ...exampleStatus, held, watchdogPid: null });
  assert.doesNotMatch(text, /^stuckfs_held_oldest_seconds/m);
  assert.doesNotMatch(text, /^stuckfs_held_requests/m);
  assert.match(text, /^stuckfs_watchdog_up 0$/m);
});

test('metrics are served at both paths as Prometheus text', async (context) => {
  const { socketPath, client } = await serveFake(context);
  const text = metricsText(exampleStatus);
  for (const path of ['/metrics', '/v1/metrics']) {
    const answer = await send(socketPath, { path });
    assert.equal(answer.text, text);
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  }
  assert.equal(await client.metrics(), text);
});
