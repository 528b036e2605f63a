/**
 * Keeps the page for when there is no network: its own files, as the build lists them, and nothing else. What a hub
 * answers is never touched. The build puts the list and its name in; `offline/register.ts` registers it.
 */
const FILES = /* the build's files */ [];
const CACHE = `iothub-dashboard-${/* the build's name */ 'development'}`;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener('activate', (event) => {
  const isOld = (name) => name.startsWith('iothub-dashboard-') && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(isOld).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const scope = new URL('./', self.location.href);
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  const path = url.pathname.slice(scope.pathname.length);
  if (path === '' || path === 'index.html') event.respondWith(freshest(request));
  else if (path === 'local/info') event.respondWith(hubOrNone(request));
  else if (FILES.includes(`./${path}`)) event.respondWith(kept(request));
});

/** The page itself: from the network while there is one, so that nobody is left with an old page. */
async function freshest(request) {
  try {
    const response = await fetch(request);
    if (response.ok) return response;
  } catch {
    // No network: the kept page it is.
  }
  return (await caches.match('./', { ignoreSearch: true })) ?? Response.error();
}

/** Whether a hub serves this page: without a network, none does. */
async function hubOrNone(request) {
  try {
    return await fetch(request);
  } catch {
    return Response.json({ hostName: null });
  }
}

/** Its parts carry their content in their names: once kept, they are right for ever. */
async function kept(request) {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}
