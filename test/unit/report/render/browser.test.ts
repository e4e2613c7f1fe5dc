/** The page in a real browser: Chromium loads it, in both colour schemes, wide, on a phone and on paper. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { render } from '../../../../src/report/render/render.js';
import { judgeRun } from '../../../../src/report/write.js';
import { Browser } from '../../../support/browser.js';
import { command, requires } from '../../../support/requirement.js';
import { syntheticRun } from '../synthetic-run.js';
import { everyVerdict, hostileRun } from './hostile.js';

const widths = [320, 400, 768, 1400];

describe('the page in Chromium', requires(command('chromium', 'chromium')), () => {
  let browser: Browser;
  let scratch: string;
  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'stuckfs-page-'));
    browser = await Browser.start();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });

  const show = async (name: string, text: string) => {
    const path = join(scratch, name);
    writeFileSync(path, text);
    browser.events.length = 0;
    await browser.open(pathToFileURL(path).href);
  };
  const setWidth = (width: number) =>
    browser.call('Emulation.setDeviceMetricsOverride', {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    });
  const setMedia = (media: string, scheme: string) =>
    browser.call('Emulation.setEmulatedMedia', {
      media,
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
  const overflow = () =>
    browser.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

  test('it asks for nothing, complains of nothing, and fits every width', async (t) => {
    const run = syntheticRun(t);
    await show('page.html', await render('html', judgeRun(run), run));
    const asked = browser.events.filter(({ method }) => method === 'Network.requestWillBeSent');
    assert.deepEqual(
      asked.map(({ params }) => (params['request'] as { url: string }).url.replace(/.*\//, '')),
      ['page.html'],
    );
    const complaints = ['Log.entryAdded', 'Runtime.exceptionThrown', 'Runtime.consoleAPICalled'];
    assert.deepEqual(
      browser.events.filter(({ method }) => complaints.includes(method)),
      [],
    );
    for (const width of widths) {
      await setWidth(width);
      assert.equal(await overflow(), 0, `at ${width} px`);
    }
    assert.equal(await browser.evaluate('document.querySelectorAll(".cards tbody tr").length'), 2);
    assert.equal(await browser.evaluate('document.querySelectorAll("figure svg").length'), 5);
    // What is drawn is seen: every figure has an extent, and a colour that the style gave it.
    assert.equal(
      await browser.evaluate(
        '[...document.querySelectorAll("svg")].every((one) => one.getBoundingClientRect().width > 300)',
      ),
      true,
    );
    assert.equal(
      await browser.evaluate('getComputedStyle(document.querySelector("svg [fill=\'var(--stuck)\']")).fill'),
      'rgb(213, 94, 0)',
    );
  });

  test('light, dark and paper have colours of their own, that can be told from the ground', async (t) => {
    const run = syntheticRun(t);
    await show('page.html', await render('html', judgeRun(run), run));
    const colours = async () =>
      (await browser.evaluate(
        '(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))',
      )) as [string, string];
    for (const [media, scheme, isDark] of [
      ['', 'light', false],
      ['', 'dark', true],
      ['print', 'dark', false],
    ] as const) {
      await setMedia(media, scheme);
      const [text, ground] = (await colours()).map(lightness) as [number, number];
      assert.ok(Math.abs(text - ground) > 180, `${scheme} ${media}: text ${text} on ${ground}`);
      assert.equal(ground < 128, isDark, `${scheme} ${media}`);
    }
    await setMedia('', 'light');
  });

  test('it goes onto paper', async (t) => {
    const run = syntheticRun(t);
    await show('page.html', await render('html', everyVerdict(t), run));
    const { data } = await browser.call('Page.printToPDF', { printBackground: true });
    assert.match(Buffer.from(String(data), 'base64').toString('latin1'), /^%PDF-/);
  });

  test('hostile text runs nothing and widens nothing', async (t) => {
    const run = syntheticRun(t);
    await show('hostile.html', await render('html', hostileRun(t), run));
    assert.equal(await browser.evaluate('document.querySelectorAll("script, img").length'), 0);
    assert.deepEqual(
      browser.events.filter(({ method }) => method === 'Page.javascriptDialogOpening'),
      [],
    );
    for (const width of widths) {
      await setWidth(width);
      assert.equal(await overflow(), 0, `at ${width} px`);
    }
  });
});

/** 0 to 255. */
function lightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [...colour.matchAll(/\d+/g)].map(Number);
  return 0.21 * red + 0.72 * green + 0.07 * blue;
}
