/**
 * The `format` file of a trace event: which fields this kernel's version of the event has.
 * Authority: kernel/trace/trace_events.c (f_show), Documentation/trace/events.rst.
 */
import { linesOf, malformed, parseCount } from './kernel-file.js';

export interface TraceField {
  /** As declared, without the array: `unsigned long`, `char`, `__data_loc char[]`. */
  readonly type: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** Elements of a fixed array; absent for a field that is none. */
  readonly arrayLength?: number;
}

export interface TraceFormat {
  readonly name: string;
  readonly id: number;
  /** The event's own, without the common_* ones. */
  readonly fields: readonly TraceField[];
  readonly commonFields: readonly TraceField[];
  /** What follows `print fmt: `, as it stands. */
  readonly printFmt: string;
}

export function parseTraceFormat(text: string, file = 'format'): TraceFormat {
  let name: string | undefined;
  let id: number | undefined;
  let printFmt: string | undefined;
  const all: TraceField[] = [];
  linesOf(text).forEach((line, index) => {
    if (line.startsWith('name: ')) name = line.slice('name: '.length);
    else if (line.startsWith('ID: ')) id = parseCount(line.slice('ID: '.length), file, index + 1, 'the id');
    else if (line.startsWith('print fmt: ')) printFmt = line.slice('print fmt: '.length);
    else if (line.startsWith('\tfield:')) all.push(parseField(line, file, index + 1));
    else if (line !== '' && line !== 'format:')
      throw malformed(file, index + 1, 'a line of a format file', line);
  });
  if (name === undefined) throw malformed(file, undefined, 'a line "name:"');
  if (id === undefined) throw malformed(file, undefined, 'a line "ID:"');
  if (printFmt === undefined) throw malformed(file, undefined, 'a line "print fmt:"');
  const isCommon = (field: TraceField): boolean => field.name.startsWith('common_');
  return {
    name,
    id,
    fields: all.filter((field) => !isCommon(field)),
    commonFields: all.filter(isCommon),
    printFmt,
  };
}

const fieldLine =
  /^\tfield:(.+?)\s*([A-Za-z_]\w*)(?:\[(\w*)\])?;\toffset:(\d+);\tsize:(\d+);(?:\tsigned:([01]);)?$/;

function parseField(line: string, file: string, lineNumber: number): TraceField {
  const match = fieldLine.exec(line);
  const [, type, name, length, offset, size, signed] = match ?? [];
  if (type === undefined || name === undefined) {
    throw malformed(file, lineNumber, '"field:TYPE NAME; offset:N; size:N; signed:N;"', line);
  }
  // The length may be a name of the kernel's, as in comm[TASK_COMM_LEN]; then only the size is known.
  const arrayLength = length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined;
  return {
    type,
    name,
    offset: parseCount(offset, file, lineNumber, 'the offset'),
    size: parseCount(size, file, lineNumber, 'the size'),
    signed: signed === '1',
    ...(arrayLength === undefined ? {} : { arrayLength }),
  };
}
