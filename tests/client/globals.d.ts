/** What a page of the suite `client` has beside the package: the helpers of `kit.mjs`. */
declare const kit: typeof import('./kit.mjs')['kit'];
