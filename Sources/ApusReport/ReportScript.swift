// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// The script of the report: tooltips. The plots are drawn without it.
public enum ReportScript {
  /// JavaScript without anything from outside; it sets `data-ready` on the page when it has run.
  public static let source = #"""
    (() => {
      "use strict";
      const scale = Number(document.body.dataset.priceScale) || 1;
      const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
      const two = (value) => String(value).padStart(2, "0");
      const threeDigits = (value) =>
        value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);

      const timeOfDay = (nanoseconds, span) => {
        const whole = Math.max(0, Math.floor(nanoseconds));
        const seconds = Math.floor(whole / 1e9);
        const text =
          two(Math.floor(seconds / 3600)) + ":" + two(Math.floor(seconds / 60) % 60) + ":" +
          two(seconds % 60);
        const fraction = String(whole % 1e9).padStart(9, "0");
        return span > 6e11 ? text
          : text + "." + fraction.slice(0, span > 6e9 ? 3 : span > 6e6 ? 6 : 9);
      };
      const duration = (nanoseconds) =>
        nanoseconds < 999.5 ? threeDigits(nanoseconds) + " ns"
          : nanoseconds < 999.5e3 ? threeDigits(nanoseconds / 1e3) + " µs"
          : nanoseconds < 999.5e6 ? threeDigits(nanoseconds / 1e6) + " ms"
          : threeDigits(nanoseconds / 1e9) + " s";
      const currency = (value, digits) => value.toLocaleString("en-US", {
        minimumFractionDigits: digits, maximumFractionDigits: digits,
      });
      const price = (units) => {
        const value = units / scale;
        return currency(value, Math.abs(value * 100 - Math.round(value * 100)) > 1e-6 ? 4 : 2);
      };
      const percentile = (position) => {
        const text = (100 * (1 - Math.pow(10, -position))).toFixed(Math.min(9, 1 + Math.ceil(position)));
        return "p" + text.replace(/\.?0+$/, "");
      };
      const units = {
        count: (value) => grouped.format(value),
        rate: (value) => grouped.format(value) + " /s",
        price,
        duration,
      };

      // Index of the last position at or before x; -1 when there is none.
      const indexBefore = (positions, x) => {
        let low = 0;
        let high = positions.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (positions[middle] <= x) low = middle + 1;
          else high = middle;
        }
        return low - 1;
      };
      // Index of the point that tells the value at x; outside the series' length when none does.
      const indexOf = (series, x) => {
        const before = indexBefore(series.x, x);
        if (series.reading === "before") return before;
        if (series.reading === "after") return series.x[before] === x ? before : before + 1;
        if (before < 0) return 0;
        const after = Math.min(before + 1, series.x.length - 1);
        return x - series.x[before] <= series.x[after] - x ? before : after;
      };

      const element = (name, className, text) => {
        const created = document.createElement(name);
        if (className) created.className = className;
        if (text !== undefined) created.textContent = text;
        return created;
      };

      const attach = (figure) => {
        const svg = figure.querySelector("svg[data-plot]");
        const marks = figure.querySelector(".marks");
        if (!svg || !marks) return;
        // What a checker asks: did the marks take up space on the page?
        const box = marks.getBBox();
        svg.dataset.rendered = String(box.width > 0 || box.height > 0);

        const data = JSON.parse(figure.querySelector("script").textContent);
        const canvas = figure.querySelector(".canvas");
        const cursor = figure.querySelector(".cursor");
        const tip = figure.querySelector(".tip");
        const span = data.x[1] - data.x[0];
        const vertical = (value) => {
          const [low, high] = data.y;
          const fraction = data.log
            ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
          return 100 * (1 - Math.min(1, Math.max(0, fraction)));
        };
        const heading = (x) => {
          const value = data.x[0] + (span * x) / 1000;
          if (data.kind === "time") return timeOfDay(value, span);
          if (data.kind === "price") return currency(value / scale, span < scale ? 4 : 2);
          return percentile(value);
        };

        let position = 500;
        const show = (wanted) => {
          position = Math.min(1000, Math.max(0, wanted));
          const rows = [];
          const dots = [];
          let at = position;
          for (const series of data.series) {
            const index = indexOf(series, position);
            const value = series.y[index];
            if (value === null || value === undefined) continue;
            if (series.reading === "nearest") at = series.x[index];
            const row = element("div", series.colour);
            row.append(element("em", "", series.name), element("span", "", units[series.unit](value)));
            rows.push(row);
            const dot = element("i", series.colour);
            dot.style.top = vertical(series.mirrored ? -value : value) + "%";
            dots.push(dot);
          }
          if (rows.length === 0) return hide();
          tip.replaceChildren(element("strong", "", heading(at)), ...rows);
          cursor.replaceChildren(...dots);
          cursor.style.left = at / 10 + "%";
          cursor.hidden = tip.hidden = false;
          const isRight = at > 500;
          tip.style.left = isRight ? "auto" : `calc(${at / 10}% + 12px)`;
          tip.style.right = isRight ? `calc(${100 - at / 10}% + 12px)` : "auto";
        };
        const hide = () => { cursor.hidden = tip.hidden = true; };

        const follow = (event) => {
          const bounds = canvas.getBoundingClientRect();
          if (bounds.width > 0) show((1000 * (event.clientX - bounds.left)) / bounds.width);
        };
        canvas.addEventListener("pointermove", follow);
        canvas.addEventListener("pointerdown", follow);
        canvas.addEventListener("pointerleave", hide);
        canvas.addEventListener("blur", hide);
        canvas.addEventListener("keydown", (event) => {
          const steps = { ArrowLeft: -5, ArrowRight: 5, Home: -1000, End: 1000 };
          if (!(event.key in steps)) return;
          event.preventDefault();
          show(position + steps[event.key]);
        });
      };
      document.querySelectorAll("figure.plot").forEach(attach);
      document.documentElement.dataset.ready = "true";
    })();
    """#
}
