// Draws on a canvas; svg_painter.mjs has the same methods. Coordinates are CSS pixels.

export class CanvasPainter {
  constructor(context) {
    this.context = context;
  }

  /** `ends`: x1, y1, x2, y2 of each link, from source to target; `straight` is quicker to draw. */
  links(ends, {colour, width, alpha = 1, straight = false}) {
    const c = this.context;
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.globalAlpha = alpha;
    c.beginPath();
    for (let k = 0; k < ends.length; k += 4) {
      const middle = (ends[k + 1] + ends[k + 3]) / 2;
      c.moveTo(ends[k], ends[k + 1]);
      if (straight) c.lineTo(ends[k + 2], ends[k + 3]);
      else c.bezierCurveTo(ends[k], middle, ends[k + 2], middle, ends[k + 2], ends[k + 3]);
    }
    c.stroke();
    c.globalAlpha = 1;
  }

  /** shape: `circle`, `square`, `diamond` */
  node(shape, x, y, radius, {fill, stroke, width = 1, dash = false}) {
    const c = this.context;
    c.beginPath();
    if (shape === "circle") c.arc(x, y, radius, 0, 2 * Math.PI);
    else if (shape === "square") c.rect(x - radius, y - radius, 2 * radius, 2 * radius);
    else {
      c.moveTo(x, y - radius);
      c.lineTo(x + radius, y);
      c.lineTo(x, y + radius);
      c.lineTo(x - radius, y);
      c.closePath();
    }
    this.finish({fill, stroke, width, dash});
  }

  rect(x, y, width, height, {fill, stroke, line = 1, radius = 0}) {
    this.context.beginPath();
    this.context.roundRect(x, y, width, height, radius);
    this.finish({fill, stroke, width: line});
  }

  finish({fill, stroke, width, dash = false}) {
    const c = this.context;
    if (fill) {
      c.fillStyle = fill;
      c.fill();
    }
    if (!stroke) return;
    c.strokeStyle = stroke;
    c.lineWidth = width;
    c.setLineDash(dash ? [2, 2] : []);
    c.stroke();
    c.setLineDash([]);
  }

  text(x, y, text, {colour, size, anchor = "start", bold = false, halo = ""}) {
    const c = this.context;
    c.font = `${bold ? "600 " : ""}${size}px system-ui, sans-serif`;
    c.textAlign = anchor === "middle" ? "center" : anchor;
    if (halo) {
      c.strokeStyle = halo;
      c.lineWidth = 3;
      c.lineJoin = "round";
      c.strokeText(text, x, y);
    }
    c.fillStyle = colour;
    c.fillText(text, x, y);
  }
}
