/** The transports on which the kernel tests of faults run. */
interface TestTransport {
  readonly name: 'dev-fuse';
  readonly options: readonly string[];
}

export const transports: readonly TestTransport[] = [{ name: 'dev-fuse', options: [] }];
