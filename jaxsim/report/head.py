"""Head of the report page with its style sheet; `{title}` stands for the page's title."""

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root { --ink: #222; --muted: #666; --page: #f6f6f4; --card: #fff; --rule: #e2e2de; --accent: #0072b2 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e6; --muted: #a3a3a0; --page: #17181a; --card: #222427; --rule: #36383c; --accent: #56b4e9 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main { max-width: 58rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { font-size: clamp(1.4rem, 4.5vw, 2rem); line-height: 1.2; margin: 0 0 .5rem }
h2 { font-size: 1.15rem; margin: 0 0 .25rem }
header p, figcaption, section p, small { color: var(--muted) }
figure, section { background: var(--card); border: 1px solid var(--rule); border-radius: .6rem;
  margin: 1.2rem 0; padding: 1rem }
figure img { display: block; width: 100%; height: auto; background: #fff; border-radius: .3rem }
figcaption { font-size: .88rem; margin-top: .6rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem }
.tiles div { display: flex; flex-direction: column }
.tiles b { font-size: 1.7rem; line-height: 1.15; color: var(--accent); font-variant-numeric: tabular-nums }
.tiles span { font-size: .84rem; color: var(--muted); line-height: 1.3 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .94rem }
th, td { text-align: right; padding: .4rem .5rem; border-top: 1px solid var(--rule); white-space: nowrap }
th { border-top: 0; color: var(--muted); font-weight: 600; font-size: .84rem }
th:first-child, td:first-child { text-align: left; white-space: normal }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .5rem 0 0; font-size: .9rem }
dt { color: var(--muted) } dd { margin: 0; overflow-wrap: anywhere }
</style>
<main>
"""
