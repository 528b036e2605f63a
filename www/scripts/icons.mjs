/**
 * Draws the page's icon as the pictures that phones want, into `public/`: from `public/icon.svg`, by a browser. Run by
 * hand when the icon changes: `node scripts/icons.mjs`.
 */
import fs from 'node:fs';
import { launchChromium } from '../../tests/chromium.mjs';

const PUBLIC = new URL('../public/', import.meta.url);
const SIZES = [180, 192, 512];

const svg = fs.readFileSync(new URL('icon.svg', PUBLIC), 'utf8');
const browser = await launchChromium();
try {
  for (const size of SIZES) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    // Phones cut corners of their own: the ground goes to the edge.
    const full = svg.replace('rx="8"', '');
    await page.setContent(
      `<body style="margin:0">${full.replace('<svg', `<svg width="${size}" height="${size}"`)}`,
    );
    fs.writeFileSync(new URL(`icon-${size}.png`, PUBLIC), await page.screenshot());
    await page.close();
  }
} finally {
  await browser.close();
}
