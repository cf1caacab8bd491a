// Writes SVG; canvas_painter.mjs has the same methods. Every text is escaped.

const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"};

/** Text that stays text in XML; characters that XML does not allow become �. */
export function escapeXml(text) {
  return text.replace(FORBIDDEN, "\ufffd").replace(/[&<>"']/g, (c) => ENTITIES[c]);
}

const n = (value) => String(Math.round(value * 10) / 10);

export class SvgPainter {
  constructor(width, height, title, background) {
    this.parts = [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" ` +
        `viewBox="0 0 ${n(width)} ${n(height)}" font-family="system-ui, sans-serif">`,
      `<title>${escapeXml(title)}</title>`,
      `<rect width="100%" height="100%" fill="${background}"/>`,
    ];
  }

  links(ends, {colour, width, alpha = 1, straight = false}) {
    if (ends.length === 0) return;
    let path = "";
    for (let k = 0; k < ends.length; k += 4) {
      const [x1, y1, x2, y2] = [ends[k], ends[k + 1], ends[k + 2], ends[k + 3]].map(n);
      const middle = n((ends[k + 1] + ends[k + 3]) / 2);
      path += straight
        ? `M${x1} ${y1}L${x2} ${y2}`
        : `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
    }
    this.parts.push(
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${n(width)}" ` +
        `stroke-opacity="${alpha}"/>`,
    );
  }

  node(shape, x, y, r, style) {
    if (shape === "circle") this.shape("circle", `cx="${n(x)}" cy="${n(y)}" r="${n(r)}"`, style);
    else if (shape === "square") {
      this.shape(
        "rect",
        `x="${n(x - r)}" y="${n(y - r)}" width="${n(2 * r)}" height="${n(2 * r)}"`,
        style,
      );
    } else {
      const d = `M${n(x)} ${n(y - r)}L${n(x + r)} ${n(y)}L${n(x)} ${n(y + r)}L${n(x - r)} ${n(y)}Z`;
      this.shape("path", `d="${d}"`, style);
    }
  }

  rect(x, y, width, height, {fill, stroke, line = 1, radius = 0}) {
    this.shape(
      "rect",
      `x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" rx="${n(radius)}"`,
      {fill, stroke, width: line},
    );
  }

  shape(name, geometry, {fill, stroke, width = 1, dash = false}) {
    const dashes = dash ? ' stroke-dasharray="2 2"' : "";
    const outline = stroke ? ` stroke="${stroke}" stroke-width="${n(width)}"${dashes}` : "";
    this.parts.push(`<${name} ${geometry} fill="${fill || "none"}"${outline}/>`);
  }

  text(x, y, text, {colour, size, anchor = "start", bold = false, halo = ""}) {
    const behind = halo
      ? ` stroke="${halo}" stroke-width="3" stroke-linejoin="round" paint-order="stroke"`
      : "";
    this.parts.push(
      `<text x="${n(x)}" y="${n(y)}" font-size="${n(size)}" text-anchor="${anchor}" ` +
        `fill="${colour}"${behind}${bold ? ' font-weight="600"' : ""} xml:space="preserve">${escapeXml(text)}</text>`,
    );
  }

  finish() {
    return `${this.parts.join("\n")}\n</svg>\n`;
  }
}
