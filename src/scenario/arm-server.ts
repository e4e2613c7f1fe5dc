/**
 * The server of an arm: one that is kept from an arm before and is what is wanted, or a new one.
 */
import { join } from 'node:path';
import { patient } from '../base/patience.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { StateDirectory } from '../safety/state-directory.js';
import { type ArmPlan, deadlineMsForBytes } from './arm-context.js';
import { folioSysctls, quietFlusher, startFolioHost } from './folio-host.js';
import type { RunMachine } from './machine.js';
import { NfsHost, type WantedNfs } from './nfs-host.js';
import { serverDesignOf } from './page-giver.js';
import { mitigationOf } from './relief.js';
import type { ArmDesign } from './scenario.js';
import { type ArmServer, Server, type ServerConfig } from './server.js';
import type { KeptServer, ServerKeeper } from './server-keeper.js';
import { untrustedMountPoint } from './untrusted-namespaces.js';
import { UntrustedServer } from './untrusted-server.js';

/** What the hold may take longer than asked for before the watchdog ends it. */
const HOLD_MARGIN_MS = 120_000;
/** Steps of an arm, each with a deadline for all bytes of both sets, that may pass while requests are held. */
const STEPS_WHILE_HELD = 5;
/** Metadata and whatever the workload rounds up. */
const STORE_MARGIN_BYTES = 64 << 20;

/** What a run has that a server wants. */
export interface ServerStage {
  readonly run: RunDirectory;
  readonly state: StateDirectory;
  readonly machine: RunMachine;
  readonly keeper: ServerKeeper;
  /** Of all arms of the run: so that servers differ in what matters only, and are kept. */
  readonly mostDelayMs: number;
}

interface ServerOfArm {
  readonly server: ArmServer;
  readonly mountPoint: string;
  /** Where the next arm may have it. */
  readonly kept?: KeptServer;
}

export function delayMsOf({ misbehaviour }: ArmDesign): number {
  return misbehaviour.kind === 'delay' ? misbehaviour.delayMs : 0;
}

/** Those that are kept are ended where the arm has one of its own. @throws what keeps a new one from starting */
export async function serverOf(plan: ArmPlan, stage: ServerStage): Promise<ServerOfArm> {
  const { design } = plan;
  const { machine, keeper } = stage;
  if (design.nfs === true) machine.setSysctls(quietFlusher);
  if (!lasts(design)) {
    await keeper.end();
    return ownServer(plan, stage);
  }
  const wanted = design.nfs === true ? wantedNfs(plan, stage) : wantedOfFuse(plan, stage);
  const kept = await keeper.take(wanted);
  if (kept !== undefined) return { ...kept, kept };
  const { index } = plan;
  if (design.nfs === true) {
    const server = await NfsHost.start(stage.state, { arm: index, ...wantedNfs(plan, stage) });
    const { mountPoint } = server;
    return { server, mountPoint, kept: { server, mountPoint, arm: index, wanted } };
  }
  const mountPoint = machine.makeMountPoint(index);
  const server = await Server.start(configOf(plan, stage, mountPoint));
  return { server, mountPoint, kept: { server, mountPoint, arm: index, wanted } };
}

/** It works as a server of the machine's own, and goes on doing so. */
function lasts({ untrusted, folios, mitigation }: ArmDesign): boolean {
  return untrusted !== true && folios === undefined && mitigation === undefined;
}

async function ownServer(plan: ArmPlan, stage: ServerStage): Promise<ServerOfArm> {
  const { design, stuckBytes: bytes } = plan;
  const { machine, state } = stage;
  if (design.untrusted === true) {
    const mountPoint = untrustedMountPoint;
    return { server: await UntrustedServer.start(configOf(plan, stage, mountPoint)), mountPoint };
  }
  const mountPoint = machine.makeMountPoint(plan.index);
  if (design.folios !== undefined) {
    machine.setSysctls(folioSysctls);
    return { server: await startFolioHost(design.folios, { state, mountPoint, bytes }), mountPoint };
  }
  const putSysctlsBack = machine.setSysctls(mitigationOf(design)?.whileMounting ?? []);
  const server = await Server.start(configOf(plan, stage, mountPoint));
  putSysctlsBack();
  return { server, mountPoint };
}

function configOf(plan: ArmPlan, stage: ServerStage, mountPoint: string): ServerConfig {
  return {
    ...wantedOfFuse(plan, stage),
    mountPoint,
    logFile: join(stage.run.path, `daemon-${plan.index}.log`),
  };
}

function wantedOfFuse(plan: ArmPlan, stage: ServerStage): Omit<ServerConfig, 'mountPoint' | 'logFile'> {
  const { run, state } = stage;
  return {
    maxHoldMs: maxHoldMs(plan, stage),
    seed: plan.seed,
    maxBytes: storeBytes(plan),
    runDirectory: state.path,
    design: {
      ...serverDesignOf(plan.design, run.path),
      ...(mitigationOf(plan.design)?.endsConnection === true ? { outlivesConnection: true } : {}),
      ...(plan.transport === 'dev-fuse' ? {} : { transport: plan.transport }),
    },
  };
}

function wantedNfs(plan: ArmPlan, stage: ServerStage): WantedNfs {
  return { bytes: storeBytes(plan), giveUpMs: maxHoldMs(plan, stage) };
}

function storeBytes({ stuckBytes, controlBytes }: ArmPlan): number {
  return stuckBytes + controlBytes + STORE_MARGIN_BYTES;
}

function maxHoldMs({ holdMs, stuckBytes, controlBytes }: ArmPlan, { mostDelayMs }: ServerStage): number {
  return Math.ceil(
    holdMs +
      mostDelayMs +
      patient(HOLD_MARGIN_MS + STEPS_WHILE_HELD * deadlineMsForBytes(stuckBytes + controlBytes)),
  );
}
