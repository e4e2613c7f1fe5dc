/**
 * Finds the route of a request by method and path, and takes the request target apart (RFC 9112, section 3.2).
 * Everything that is wrong with a target is a ControlError here; nothing is guessed.
 */
import { ControlError } from '../contract/errors.js';
import { type Route, type RouteName, routes } from '../contract/routes.js';

const table = Object.entries(routes) as [RouteName, Route][];

interface Target {
  readonly segments: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export interface RouteMatch {
  readonly name: RouteName;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Splits `/v1/held?limit=5`; BAD_REQUEST for bad escapes, VALIDATION for a query key given twice. */
export function parseTarget(target: string): Target {
  if (!target.startsWith('/')) {
    throw new ControlError('BAD_REQUEST', 'the request target must be a path', { value: target });
  }
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => decode(segment, 'path'));
  // No prototype, so that a key such as __proto__ is only a key.
  const query: Record<string, string> = Object.create(null);
  for (const pair of mark < 0 ? [] : target.slice(mark + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const spaced = pair.replaceAll('+', ' ');
    const key = decode(equals < 0 ? spaced : spaced.slice(0, equals), 'query');
    if (key in query) throw new ControlError('VALIDATION', `${key}: given twice`, { field: key });
    query[key] = equals < 0 ? '' : decode(spaced.slice(equals + 1), key);
  }
  return { segments, query };
}

function decode(text: string, field: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ControlError('BAD_REQUEST', `${field}: not valid percent-encoding`, {
      field,
      value: text,
      cause,
    });
  }
}

/** The methods that the path knows, for `Allow`; empty when there is no such path. */
export function allowedMethods(segments: readonly string[]): string[] {
  const methods = table
    .filter(([, route]) => paramsOf(route, segments) !== undefined)
    .map(([, { method }]) => method);
  if (methods.length === 0) return [];
  return [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].sort();
}

/** Throws NOT_FOUND or METHOD_NOT_ALLOWED. HEAD finds what GET finds. */
export function findRoute(method: string, segments: readonly string[]): RouteMatch {
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const [name, route] of table) {
    if (route.method !== wanted) continue;
    const params = paramsOf(route, segments);
    if (params !== undefined) return { name, route, params };
  }
  const path = `/${segments.join('/')}`;
  const allowed = allowedMethods(segments);
  if (allowed.length > 0) {
    throw new ControlError('METHOD_NOT_ALLOWED', `${path} takes ${allowed.join(', ')}`, { value: method });
  }
  const known = [...new Set(table.map(([, route]) => route.path))].join(', ');
  throw new ControlError('NOT_FOUND', `no such path; there are ${known}`, { field: 'path', value: path });
}

function paramsOf(route: Route, segments: readonly string[]): Record<string, string> | undefined {
  for (const path of [route.path, route.alias]) {
    const pattern = path?.slice(1).split('/');
    if (pattern === undefined || pattern.length !== segments.length) continue;
    const params: Record<string, string> = {};
    const fits = pattern.every((part, index) => {
      const segment = segments[index] ?? '';
      if (!part.startsWith(':')) return part === segment;
      params[part.slice(1)] = segment;
      return segment !== '';
    });
    if (fits) return params;
  }
  return undefined;
}
