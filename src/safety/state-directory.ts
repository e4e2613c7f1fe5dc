/**
 * One directory for each daemon and each run, named `<kind>-<pid>-<starttime>`: what a rescue works from.
 * Owns its creation, the atomic rewrite of state.json, the list of all of them and their removal.
 * Each state.json has one writer, the process that the directory is named after; everybody else reads.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isMissing } from '../kernel/kernel-file.js';
import { mountsBelow, readMountinfo } from '../kernel/mountinfo.js';
import { readProcStat } from '../kernel/proc-stat.js';
import { type ProcessRole, type State, type StateKind, stateSchema, stateVersion } from './state.js';
import { checkTrusted, ensureTrusted, StateDirectoryError } from './trusted-directory.js';

const namePattern = /^(mount|run)-([1-9]\d*)-(\d+)$/;
const defaultRoot = '/run/stuckfs';

/** Where all state directories lie: $STUCKFS_STATE_DIR, or /run/stuckfs. */
export function stateRoot(environment: NodeJS.ProcessEnv = process.env): string {
  const { STUCKFS_STATE_DIR: chosen } = environment;
  return chosen === undefined || chosen === '' ? defaultRoot : chosen;
}

/** What a new state directory is told; who we are and the version are filled in. */
export type StateDetails = Omit<State, 'version' | 'kind' | 'pid' | 'startTime' | 'processes'>;

export class StateDirectory {
  readonly kind: StateKind;
  /** The process that the directory is named after, its owner. */
  readonly pid: number;
  readonly startTime: number;

  private constructor(readonly path: string) {
    const { kind, pid, startTime } = parseStateName(basename(path));
    this.kind = kind;
    this.pid = pid;
    this.startTime = startTime;
  }

  /** Makes the directory of this process, with a first state.json in which it appears in its own `role`. */
  static create(
    kind: StateKind,
    role: ProcessRole,
    details: StateDetails = {},
    root = stateRoot(),
  ): StateDirectory {
    ensureTrusted(root);
    const pid = process.pid;
    const startTime = readProcStat(pid).starttime;
    const path = join(root, `${kind}-${pid}-${startTime}`);
    if (existsSync(path)) {
      throw new StateDirectoryError('STATE_DIRECTORY_UNUSABLE', path, 'this process has one already');
    }
    ensureTrusted(path);
    const directory = new StateDirectory(path);
    directory.#write({
      version: stateVersion,
      kind,
      pid,
      startTime,
      ...details,
      processes: [{ role, pid, startTime }],
    });
    return directory;
  }

  /** One that exists, after a check of who owns it and its parent. */
  static open(path: string): StateDirectory {
    checkTrusted(dirname(path));
    checkTrusted(path);
    return new StateDirectory(path);
  }

  get name(): string {
    return basename(this.path);
  }

  /** The directory that holds this one and all others. */
  get root(): string {
    return dirname(this.path);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(): State {
    const file = this.file('state.json');
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (cause) {
      const code = isMissing(cause) ? 'STATE_DIRECTORY_MISSING' : 'STATE_DIRECTORY_UNUSABLE';
      throw new StateDirectoryError(code, file, 'cannot be read', { cause });
    }
    const state = parseState(text, file);
    if (state.kind !== this.kind || state.pid !== this.pid || state.startTime !== this.startTime) {
      throw new StateDirectoryError('STATE_MALFORMED', file, `is not about ${this.name}`);
    }
    return state;
  }

  /** Rewrites state.json with these fields changed. For the owner only. */
  update(details: Partial<StateDetails>): void {
    this.#write({ ...this.read(), ...details });
  }

  /** Writes down a process, as soon as it runs, so that it is found after a crash. For the owner only. */
  addProcess(role: ProcessRole, pid: number): { pid: number; startTime: number } {
    const startTime = readProcStat(pid).starttime;
    const state = this.read();
    this.#write({ ...state, processes: [...state.processes, { role, pid, startTime }] });
    return { pid, startTime };
  }

  /** Strikes out a process that has been waited for. For the owner only. */
  forgetProcess(pid: number, startTime: number): void {
    const state = this.read();
    const processes = state.processes.filter((one) => one.pid !== pid || one.startTime !== startTime);
    this.#write({ ...state, processes });
  }

  /** Removes the directory and all in it; refuses when something is mounted inside. Fine if it is gone. */
  remove(): void {
    const inside = mountsBelow(readMountinfo(), this.path)[0];
    if (inside !== undefined) {
      throw new StateDirectoryError(
        'STATE_DIRECTORY_UNUSABLE',
        this.path,
        `${inside.mountPoint} is mounted in it`,
      );
    }
    try {
      rmSync(this.path, { recursive: true, force: true });
    } catch (cause) {
      throw new StateDirectoryError('STATE_DIRECTORY_UNUSABLE', this.path, 'cannot be removed', { cause });
    }
  }

  #write(state: State): void {
    const checked = stateSchema.parse(state);
    const temporary = this.file(`state.json.${process.pid}`);
    // A file that a crash left under this name is replaced, and a link there is never written through.
    rmSync(temporary, { force: true });
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, `${JSON.stringify(checked)}\n`);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, this.file('state.json'));
  }
}

export function parseState(text: string, file = 'state.json'): State {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new StateDirectoryError('STATE_MALFORMED', file, 'is not JSON', { cause });
  }
  const result = stateSchema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
    throw new StateDirectoryError('STATE_MALFORMED', file, where, { cause: result.error });
  }
  return result.data;
}

/** The process that a state directory is named after. */
export function parseStateName(name: string): { kind: StateKind; pid: number; startTime: number } {
  const match = namePattern.exec(name);
  if (match === null) {
    throw new StateDirectoryError('STATE_DIRECTORY_UNTRUSTED', name, 'is not named <kind>-<pid>-<starttime>');
  }
  return { kind: match[1] === 'run' ? 'run' : 'mount', pid: Number(match[2]), startTime: Number(match[3]) };
}

/** The names below a trusted root that are those of state directories. */
export function listStateNames(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && namePattern.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

export interface StateDirectoryList {
  readonly readable: readonly { readonly directory: StateDirectory; readonly state: State }[];
  readonly broken: readonly BrokenStateDirectory[];
}

export interface BrokenStateDirectory {
  readonly path: string;
  readonly reason: string;
  /** Where the directory itself can be trusted and only its state.json cannot be read. */
  readonly directory?: StateDirectory;
}

/** Every state directory; what cannot be trusted or read is told, not thrown. */
export function listStateDirectories(root = stateRoot()): StateDirectoryList {
  const readable: { directory: StateDirectory; state: State }[] = [];
  const broken: BrokenStateDirectory[] = [];
  let names: string[];
  try {
    checkTrusted(root);
    names = readdirSync(root).sort();
  } catch (error) {
    const absent = error instanceof StateDirectoryError && error.code === 'STATE_DIRECTORY_MISSING';
    return { readable, broken: absent ? [] : [{ path: root, reason: reasonOf(error) }] };
  }
  for (const name of names) {
    const path = join(root, name);
    if (!namePattern.test(name)) {
      // The lock of the ledgers lies here too.
      if (isDirectory(path)) broken.push({ path, reason: 'is not named <kind>-<pid>-<starttime>' });
      continue;
    }
    let directory: StateDirectory | undefined;
    try {
      directory = StateDirectory.open(path);
      readable.push({ directory, state: directory.read() });
    } catch (error) {
      if (isGone(path)) continue;
      broken.push({ path, reason: reasonOf(error), ...(directory === undefined ? {} : { directory }) });
    }
  }
  return { readable, broken };
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isGone(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
