/**
 * Loop devices: LOOP_CTL_GET_FREE and LOOP_CONFIGURE (include/uapi/linux/loop.h).  Always LO_FLAGS_AUTOCLEAR: the
 * device lets go of its file when nobody has it open any more, whoever dies.
 */
import { Errno } from '../base/errno.js';
import { close, OpenFlag, open } from './file.js';
import { declare, orErrno } from './libc.js';

const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_AUTOCLEAR = 4;
const LO_FLAGS_DIRECT_IO = 16;
/** struct loop_config, and where its info.lo_flags is. */
const CONFIG_BYTES = 304;
const FLAGS_OFFSET = 60;
/** Somebody else may take the free one first. */
const MOST_TRIES = 16;

const cIoctl = declare<(fd: number, request: number, word: Uint8Array | null) => number>(
  'int ioctl(int fd, unsigned long request, void *word)',
);

export interface LoopDevice {
  readonly path: string;
  /** Open: once it is mounted, it may be closed. */
  readonly fd: number;
}

/**
 * Attaches an open file to a free loop device.
 * @returns the device, or -errno
 */
export function attachLoop(fileFd: number): LoopDevice | number {
  const control = open('/dev/loop-control', OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC);
  if (control < 0) return control;
  try {
    let result = -Errno.EBUSY;
    for (let tries = 0; tries < MOST_TRIES && result === -Errno.EBUSY; tries++) {
      const number = orErrno(cIoctl(control, LOOP_CTL_GET_FREE, null));
      if (number < 0) return number;
      const path = `/dev/loop${number}`;
      const fd = open(path, OpenFlag.O_RDWR | OpenFlag.O_CLOEXEC);
      if (fd < 0) return fd;
      result = orErrno(cIoctl(fd, LOOP_CONFIGURE, configOf(fileFd)));
      if (result === 0) return { path, fd };
      close(fd);
    }
    return result;
  } finally {
    close(control);
  }
}

function configOf(fileFd: number): Buffer {
  const config = Buffer.alloc(CONFIG_BYTES);
  const view = new DataView(config.buffer, config.byteOffset, config.length);
  const isLittleEndian = true;
  view.setUint32(0, fileFd, isLittleEndian);
  view.setUint32(FLAGS_OFFSET, LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO, isLittleEndian);
  return config;
}
