// Footprints: which outlines stand at a moment, in which role, and how they are drawn. Rules of camps.timeline.

class Outlines {
  constructor(data) {
    this.data = data;
  }

  at() {
    return [];
  }

  totals() {
    return { total: 0, lo: 0, hi: 0 };
  }

  draw() {}

  drawEdges() {}

  describe() {
    return [];
  }
}

function drawSwatch() {}
