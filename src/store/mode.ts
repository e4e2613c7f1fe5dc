/**
 * The bits of `st_mode` and the flags that the store acts on, spelled as the kernel spells them
 * (include/uapi/linux/stat.h, fs.h, falloc.h, xattr.h).  Only the ones in use.
 */
export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFSOCK = 0o140000;
export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_IXGRP = 0o010;
/** What chmod may change: everything but the type. */
export const S_IALLUGO = 0o7777;

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;

export const FALLOC_FL_KEEP_SIZE = 0x01;
export const FALLOC_FL_PUNCH_HOLE = 0x02;
export const FALLOC_FL_ZERO_RANGE = 0x10;

export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;
