// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A self-contained page: style and script are in it, and its content security policy lets it load nothing.
public enum ReportPage {
  /// The page around its content.
  ///
  /// - Parameters:
  ///   - title: Plain text.
  ///   - content: HTML between `<main>` and `</main>`.
  ///   - priceScale: Units of a price that make one of its currency, for tooltips.
  public static func html(title: String, content: String, priceScale: Int = 1) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="connect-src 'none'; img-src data:; \
    font-src 'none'; media-src 'none'; object-src 'none'; frame-src 'none'; worker-src 'none'; \
    base-uri 'none'; form-action 'none'">
    <title>\(ReportText.escape(title))</title>
    <link rel="icon" href="data:,">
    <style>
    \(ReportStyle.sheet)
    </style>
    </head>
    <body data-price-scale="\(max(1, priceScale))">
    <main>
    \(content)
    </main>
    <script>
    \(ReportScript.source)
    </script>
    </body>
    </html>

    """
  }

  /// What stands above everything: a line of what the page is, its title and a few facts.
  ///
  /// - Parameters:
  ///   - kind: What the page is. Plain text.
  ///   - title: Plain text.
  ///   - facts: Plain names, and values as HTML; those without a value are left out.
  public static func header(kind: String, title: String, facts: [(name: String, html: String)])
    -> String
  {
    let rows = facts.filter { !$0.html.isEmpty }.map {
      "<dt>\(ReportText.escape($0.name))</dt><dd>\($0.html)</dd>"
    }
    return "<header><p class=\"eyebrow\">\(ReportText.escape(kind))</p>"
      + "<h1>\(ReportText.escape(title))</h1>"
      + "<dl class=\"facts\">\(rows.joined())</dl></header>\n"
  }
}
