/**
 * Child processes that outlive their arm: starting Node is most of the work of an arm on a slow machine, so a child whose
 * arm went to its end serves the next one.  One that may hold something still, or that was killed, is never taken again.
 */
import type { StateDirectory } from '../safety/state-directory.js';
import { Child, type Role } from './child.js';

export class Crew {
  private readonly idle = new Map<string, Child>();

  constructor(private readonly state: StateDirectory) {}

  /** One that has served before, or a new one. @param entry compiled file, relative to child.ts */
  async take(role: Role, entry: string): Promise<Child> {
    const idle = this.idle.get(entry);
    this.idle.delete(entry);
    if (idle !== undefined && !idle.isDoomed()) return idle;
    return Child.spawn(role, entry, this.state);
  }

  /** @returns whether it was taken back; otherwise its end is the caller's */
  giveBack(entry: string, child: Child): boolean {
    if (child.isDoomed() || child.isBusy || this.idle.has(entry)) return false;
    this.idle.set(entry, child);
    return true;
  }

  async end(withinMs: number): Promise<void> {
    const idle = [...this.idle.values()];
    this.idle.clear();
    await Promise.all(idle.map((child) => child.end(withinMs)));
  }
}
