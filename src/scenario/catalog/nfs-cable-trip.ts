/**
 * `nfs-cable-trip`: no FUSE.  The kernel's own NFS client writes back to the kernel's own NFS server over a veth pair
 * between two network namespaces, and the link goes down: somebody trips over the network cable.  The client's folios
 * are under writeback until the server's answer comes through (nfs_write_completion() in fs/nfs/write.c), on every
 * kernel: NFS never wrote temporary pages back, as FUSE did before 6.16.
 */
import type { ArmDesign, Scenario } from '../scenario.js';
import { waitsForWriteback } from './shared-arms.js';

const linkUp: ArmDesign = {
  kind: 'control',
  nfs: true,
  workload: 'write',
  misbehaviour: { kind: 'none' },
  stuckBy: null,
  waitsIn: null,
};

export const nfsCableTrip: Scenario = {
  id: 'nfs-cable-trip',
  description:
    'no FUSE: NFS over a veth pair whose link goes down while data is written back, and comes back',
  stuck: 'page-cache folios of NFS under writeback (PG_writeback)',
  triggers: ['compact'],
  transports: ['dev-fuse'],
  needs: "the kernel's NFS server and client",
  requires: ['nfs'],
  arms: [
    linkUp,
    {
      ...linkUp,
      kind: 'fault',
      misbehaviour: { kind: 'link-down' },
      stuckBy: 'writeback',
      waitsIn: waitsForWriteback,
    },
  ],
};
