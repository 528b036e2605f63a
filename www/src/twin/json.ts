/** JSON as TypeScript sees it, the merge that twins use, and paths into it. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON merge-patch: objects merge, `null` removes, everything else takes the place of what was there. */
export function merged(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (isObject(value))
      result[key] = merged(isObject(result[key]) ? (result[key] as JsonObject) : {}, value);
    else result[key] = value;
  }
  return result;
}

/** Without what the hub adds: `$version`, `$metadata`. */
export function withoutMeta(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith('$')));
}

/** Every leaf by its path (`a.b`); arrays and empty objects are leaves, as the hub replaces them whole. */
export function leaves(value: JsonObject, prefix = ''): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [key, child] of Object.entries(value)) {
    if (isObject(child) && Object.keys(child).length > 0) {
      for (const [path, leaf] of leaves(child, `${prefix}${key}.`)) found.set(path, leaf);
    } else {
      found.set(prefix + key, child);
    }
  }
  return found;
}
