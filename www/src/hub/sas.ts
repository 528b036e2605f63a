/** Makes a service token for a hub on this computer, with the browser's own cryptography. The key stays in memory. */

/** `HostName`, `SharedAccessKeyName`, `SharedAccessKey` of a service connection string. */
export interface ServiceCredentials {
  readonly host: string;
  readonly policy: string;
  readonly key: string;
}

export function readServiceConnectionString(text: string): ServiceCredentials | null {
  const parts = new Map(
    text.split(';').map((part) => {
      const cut = part.indexOf('=');
      return [part.slice(0, cut), part.slice(cut + 1)] as const;
    }),
  );
  const [host, policy, key] = ['HostName', 'SharedAccessKeyName', 'SharedAccessKey'].map((name) =>
    parts.get(name),
  );
  return host && policy && key ? { host, policy, key } : null;
}

export async function serviceToken(credentials: ServiceCredentials, expires: number): Promise<string> {
  const audience = encodeURIComponent(credentials.host);
  const bytes = Uint8Array.from(atob(credentials.key), (character) => character.charCodeAt(0));
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign']);
  const signed = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(`${audience}\n${expires}`));
  const signature = btoa(String.fromCharCode(...new Uint8Array(signed)));
  const policy = encodeURIComponent(credentials.policy);
  return `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signature)}&se=${expires}&skn=${policy}`;
}
