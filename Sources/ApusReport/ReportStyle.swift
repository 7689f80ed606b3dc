// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The style sheet of the report: system fonts, two palettes, one breakpoint.
public enum ReportStyle {
  /// CSS.
  public static let sheet = """
    :root {
      color-scheme: light dark;
      --page: #fafaf8; --card: #ffffff; --ink: #1b1f24; --soft: #5b646e; --faint: #8b949e;
      --line: #e4e4df; --grid: #ecece8; --zero: #b9beb8;
      --bid: #1f6fb5; --ask: #c4591a; --main: #14776b; --bar: #14776b;
      --shadow: 0 1px 2px rgb(20 24 28 / 5%);
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #101316; --card: #171b1f; --ink: #e7eaed; --soft: #a3adb7; --faint: #7b8690;
        --line: #282e34; --grid: #232930; --zero: #4c555e;
        --bid: #62a8ea; --ask: #f0935a; --main: #45bfae; --bar: #2f8f83;
        --shadow: none;
      }
    }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans",
        sans-serif;
      font-variant-numeric: tabular-nums;
    }
    main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 56px; }
    a { color: inherit; text-underline-offset: 3px; text-decoration-color: var(--faint); }
    h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 12px;
      font-weight: 650; overflow-wrap: anywhere; }
    h2 { font-size: 20px; letter-spacing: -0.01em; margin: 44px 0 14px; font-weight: 650; }
    h3 { font-size: 15px; margin: 0; font-weight: 600; }
    .eyebrow { margin: 0 0 6px; color: var(--main); font-size: 12px; font-weight: 650;
      letter-spacing: 0.09em; text-transform: uppercase; }
    .facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 0;
      color: var(--soft); font-size: 14px; }
    .facts dt { color: var(--faint); }
    .facts dd { margin: 0; overflow-wrap: anywhere; }
    code { font: 0.93em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }

    .heroes { display: grid; grid-template-columns: repeat(4, 1fr); margin: 28px 0 0;
      background: var(--card); border: 1px solid var(--line); border-radius: 12px;
      box-shadow: var(--shadow); }
    .heroes > div { padding: 18px 20px 16px; border-left: 1px solid var(--line); min-width: 0; }
    .heroes > div:first-child { border-left: 0; }
    .heroes b { display: block; font-size: 28px; line-height: 1.15; letter-spacing: -0.02em;
      font-weight: 650; white-space: nowrap; }
    .heroes b small { font-size: 15px; font-weight: 500; letter-spacing: 0; color: var(--soft); }
    .heroes span { color: var(--soft); font-size: 13px; }
    .figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: 0 28px;
      margin: 18px 0 0; padding: 0 20px; }
    .figures > div { display: flex; justify-content: space-between; gap: 12px; padding: 7px 0;
      border-bottom: 1px solid var(--line); font-size: 14px; min-width: 0; }
    .figures dt { color: var(--soft); white-space: nowrap; }
    .figures dd { margin: 0; text-align: right; white-space: nowrap; }
    .figures .half { grid-column: span 2; }
    .figures .whole { grid-column: 1 / -1; justify-content: flex-start; }
    .figures .half dd, .figures .whole dd { white-space: normal; overflow-wrap: anywhere; }
    nav { margin-top: 24px; font-size: 14px; color: var(--faint); padding: 0 20px; }
    nav a { margin-right: 14px; color: var(--soft); }

    .card, figure.plot { margin: 0 0 18px; padding: 16px 20px 14px; background: var(--card);
      border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow);
      min-width: 0; }
    figure.plot { display: flex; flex-direction: column; justify-content: space-between; }
    figcaption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 18px;
      margin-bottom: 10px; }
    figcaption p { flex-basis: 100%; margin: 0; color: var(--soft); font-size: 13px; }
    .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0;
      list-style: none; font-size: 13px; color: var(--soft); }
    .swatch { display: inline-block; width: 14px; height: 3px; border-radius: 2px;
      margin-right: 6px; vertical-align: 3px; background: currentColor; }
    .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0 18px; }
    .pair.wide-left { grid-template-columns: minmax(0, 7fr) minmax(0, 2fr); }
    .swatch.faded { height: 9px; vertical-align: -1px; opacity: 0.3; }
    .main { color: var(--main); } .bid { color: var(--bid); } .ask { color: var(--ask); }

    .frame { position: relative; display: grid; font-size: 12px; color: var(--soft);
      grid-template-columns: calc(var(--gutter) + 10px) minmax(0, 1fr);
      grid-template-rows: auto var(--height) 22px auto; }
    .axis-title { grid-column: 1 / -1; color: var(--faint); margin-bottom: 8px; }
    .y-axis { position: relative; grid-row: 2; }
    .y-axis span { position: absolute; right: 8px; transform: translateY(-50%);
      white-space: nowrap; }
    .canvas { position: relative; grid-row: 2; grid-column: 2; cursor: crosshair;
      touch-action: pan-y; outline-offset: 3px; border-radius: 2px; }
    .canvas svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: hidden; }
    .x-axis { position: relative; grid-row: 3; grid-column: 2; }
    .x-axis span { position: absolute; top: 5px; transform: translateX(-50%);
      white-space: nowrap; }
    .x-axis .end { transform: translateX(-100%); }
    .x-title { grid-row: 4; grid-column: 2; text-align: right; color: var(--faint); }
    svg path { vector-effect: non-scaling-stroke; fill: none; }
    .grid path { stroke: var(--grid); stroke-width: 1; }
    .grid path.zero { stroke: var(--zero); }
    .line { stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
    svg .area { fill: currentColor; opacity: 0.09; }
    svg .area.band { opacity: 0.22; }
    .note { position: absolute; width: 0; height: 0; pointer-events: none; }
    .note::before { content: ""; position: absolute; left: -4px; top: -4px; width: 8px;
      height: 8px; border-radius: 50%; background: var(--main); border: 2px solid var(--card); }
    .note b { position: absolute; right: 4px; bottom: 6px; white-space: nowrap;
      font-weight: 550; color: var(--ink); }
    .note.below b { right: auto; left: 4px; bottom: auto; top: 6px; }
    .cursor { position: absolute; top: 0; bottom: 0; width: 1px; background: var(--faint);
      pointer-events: none; }
    .cursor i { position: absolute; left: -3px; width: 7px; height: 7px; margin-top: -3px;
      border-radius: 50%; background: currentColor; box-shadow: 0 0 0 2px var(--card); }
    .tip { position: absolute; top: 6px; pointer-events: none; padding: 7px 10px;
      background: var(--card); color: var(--ink); border: 1px solid var(--line);
      border-radius: 8px; box-shadow: 0 4px 14px rgb(10 12 16 / 14%); white-space: nowrap;
      font-size: 12.5px; line-height: 1.45; z-index: 2; }
    .tip strong { display: block; font-weight: 600; }
    .tip div { display: flex; justify-content: space-between; gap: 16px; }
    .tip div span { color: var(--ink); }
    .tip div em { font-style: normal; }
    .frame.none { display: flex; align-items: center; justify-content: center; height: 120px;
      border: 1px dashed var(--line); border-radius: 8px; color: var(--faint); font-size: 13.5px; }
    .frame.none svg { position: absolute; width: 0; height: 0; }
    [hidden] { display: none !important; }

    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: 14px; }
    caption { text-align: left; font-weight: 600; font-size: 15px; padding-bottom: 8px; }
    th { font-weight: 500; color: var(--faint); font-size: 12.5px; text-align: right;
      padding: 4px 0 6px 14px; border-bottom: 1px solid var(--line); white-space: nowrap; }
    td { padding: 5px 0 5px 14px; text-align: right; border-bottom: 1px solid var(--grid);
      white-space: nowrap; }
    tbody tr:last-child td { border-bottom: 0; }
    th:first-child, td:first-child { text-align: left; padding-left: 0; }
    td .type { display: inline-block; min-width: 22px; padding: 0 5px; margin-right: 9px;
      text-align: center; border: 1px solid var(--line); border-radius: 5px; font-size: 12px;
      color: var(--soft); }
    td.bar-cell { width: 52%; padding-left: 24px; }
    .bar { display: block; height: 8px; border-radius: 2px; background: var(--bar);
      min-width: 1px; }
    .nothing { color: var(--faint); margin: 4px 0; font-size: 14px; }
    .lead { margin: -8px 0 14px; color: var(--soft); max-width: 70ch; }
    .step h3 { display: inline; }
    .step .share { display: inline; margin: 0 0 0 10px; color: var(--faint); font-size: 13px; }
    .step .heroes { margin: 12px 0 0; box-shadow: none; border-radius: 9px; }
    .step .heroes b { font-size: 20px; white-space: normal; overflow-wrap: anywhere; }
    .step .heroes > div { padding: 11px 16px 10px; }
    .step .figures { grid-template-columns: repeat(2, 1fr); margin-top: 10px; padding: 0 4px; }
    .proof { margin: 14px 0 0; padding-left: 24px; position: relative; }
    .proof::before { content: "✓"; position: absolute; left: 2px; color: var(--main);
      font-weight: 700; }
    .go { margin: 10px 0 2px; font-weight: 550; color: var(--main); }
    table.shares td:first-child { white-space: normal; }
    table.shares td.bar-cell { width: 45%; }
    footer { margin-top: 36px; color: var(--faint); font-size: 13px; }

    @media (max-width: 760px) {
      main { padding: 24px 14px 40px; }
      h1 { font-size: 24px; }
      .facts { grid-template-columns: 1fr; gap: 0; }
      .facts dd { margin-bottom: 5px; }
      .heroes { grid-template-columns: repeat(2, 1fr); }
      .heroes > div { padding: 14px 14px 12px; }
      .heroes > div:nth-child(odd) { border-left: 0; }
      .heroes > div:nth-child(n + 3) { border-top: 1px solid var(--line); }
      .heroes b { font-size: 23px; }
      .figures, .step .figures { grid-template-columns: 1fr; padding: 0 6px; }
      .step .share { display: block; margin: 4px 0 0; }
      .figures .half { grid-column: auto; }
      .figures .whole { justify-content: space-between; }
      nav { padding: 0 6px; }
      .pair, .pair.wide-left { grid-template-columns: minmax(0, 1fr); }
      .card, figure.plot { padding: 14px 14px 12px; border-radius: 10px; }
      .x-axis .minor { display: none; }
      .note b { display: none; }
      td, th { padding-left: 10px; }
    }
    @media (max-width: 520px) { table .bar-cell { display: none; } }
    @media print { body { background: none; } .card, figure.plot { break-inside: avoid; } }
    """
}
