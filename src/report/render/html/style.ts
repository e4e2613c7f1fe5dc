/**
 * The style of the page: light and dark by the reader's own setting, for paper, and down to a phone's width.  The
 * figures take their colours from here; they are told apart by their lightness, too (after Okabe and Ito).
 */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f8fa; --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --link: #0550ae;
  --pass: #116329; --fail: #a40e26; --unknown: #7d4e00; --skip: #57606a;
  --stuck: #d55e00; --held: #e69f00; --moved: #0072b2; --landed: #7cc4ee; --still: #8c959f; --other: #eaeef2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --raised: #181e25; --text: #e3e8ee; --quiet: #9aa5b1; --line: #333c46; --link: #79b8ff;
    --pass: #56d364; --fail: #ff8b85; --unknown: #e3b341; --skip: #9aa5b1;
    --stuck: #ff7733; --held: #f0b72f; --moved: #4aa8e8; --landed: #1f5f8f; --still: #79828c; --other: #232b34;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 74rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  overflow-wrap: anywhere;
}
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 65ch; }
.quiet { color: var(--quiet); }
code, pre, .mono { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .85em; }
pre { margin: .4rem 0; padding: .6rem .8rem; background: var(--raised); border-radius: .4rem; white-space: pre-wrap; }
header { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: baseline; }
header p { flex-basis: 100%; margin: 0; }
.badge {
  display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: .8em; font-size: .85em;
  font-weight: 600; line-height: 1.45; white-space: nowrap;
}
.pass { color: var(--pass); } .fail { color: var(--fail); } .unknown { color: var(--unknown); } .skip { color: var(--skip); }
.note { margin: .6rem 0; padding: .6rem .9rem; border-left: .25rem solid var(--line); background: var(--raised); }
.note.fail { border-color: var(--fail); color: inherit; } .note.unknown { border-color: var(--unknown); color: inherit; }
.note p { margin: .15rem 0; max-width: none; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--quiet); }
.few { width: auto; min-width: min(100%, 26rem); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: minmax(8.5rem, max-content) minmax(0, 1fr); gap: .2rem 1rem; margin: .75rem 0; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
figure { margin: 1.25rem 0; }
figcaption { font-size: .85rem; color: var(--quiet); max-width: 75ch; margin-top: .4rem; }
.figure-title { font-size: .9rem; font-weight: 600; margin: 0 0 .35rem; }
.scroll { overflow-x: auto; }
.scroll svg { display: block; width: 100%; min-width: 46rem; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .4rem 0 0; padding: 0; list-style: none; font-size: .85rem; }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: .15em; vertical-align: -.05em; }
.arm { border-top: 1px solid var(--line); padding-top: .25rem; margin-top: 1.75rem; }
.arm:first-of-type { border-top: 0; }
@media (max-width: 44rem) {
  body { padding: 1rem .9rem 3rem; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards, .cards tbody { display: block; }
  .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .cards td:first-child { grid-column: 1 / -1; font-weight: 600; }
  .cards td:first-child::before { content: none; }
  .cards td { display: flex; gap: 1rem; justify-content: space-between; padding: .1rem 0; border: 0; text-align: right; }
  .cards td::before { content: attr(data-label); color: var(--quiet); text-align: left; white-space: nowrap; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
}
@media print {
  :root {
    color-scheme: light;
    --ground: #fff; --raised: #fff; --text: #000; --quiet: #444; --line: #bbb; --link: #000;
    --pass: #116329; --fail: #a40e26; --unknown: #7d4e00; --skip: #444;
    --stuck: #d55e00; --held: #e69f00; --moved: #0072b2; --landed: #7cc4ee; --still: #8c959f; --other: #eee;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure, tr, .note, dl, pre { break-inside: avoid; }
  h2, h3, .figure-title { break-after: avoid; }
  .scroll { overflow: visible; }
  .scroll svg { min-width: 0; }
  nav { display: none; }
}
`;
