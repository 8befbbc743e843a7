// ExtendScript is an ECMAScript of 1999 without JSON or the newer methods of arrays: nothing newer may be used below.
// Match names ("ADBE ...") are used, because display names are translated.

(function () {
  function timeOf(frame) {
    return frame * SHOT.fpsDen / SHOT.fpsNum;
  }

  function timesOf(frames) {
    var times = [];
    for (var i = 0; i < frames.length; i += 1) times.push(timeOf(frames[i]));
    return times;
  }

  function range(count) {
    var frames = [];
    for (var i = 0; i < count; i += 1) frames.push(i);
    return frames;
  }

  // keys: [frame, value, frame, value, ...]. A held key stays until the next one and is not blended into it.
  function holdKeys(property, keys) {
    var frames = [];
    var values = [];
    for (var i = 0; i < keys.length; i += 2) {
      frames.push(keys[i]);
      values.push(keys[i + 1]);
    }
    property.setValuesAtTimes(timesOf(frames), values);
    for (var k = 1; k <= property.numKeys; k += 1) {
      property.setInterpolationTypeAtKey(k, KeyframeInterpolationType.HOLD, KeyframeInterpolationType.HOLD);
    }
  }

  function addControl(layer, kind, name, keys) {
    var effect = layer.property("ADBE Effect Parade").addProperty("ADBE " + kind + " Control");
    effect.name = name;
    holdKeys(effect.property("ADBE " + kind + " Control-0001"), keys);
  }

  function positionOf(layer) {
    return layer.property("ADBE Transform Group").property("ADBE Position");
  }

  function addNull(comp, name, comment) {
    var layer = comp.layers.addNull();
    layer.name = name;
    layer.comment = comment;
    return layer;
  }

  function addSite(comp, site, times) {
    var layer = addNull(comp, site.layer, site.comment);
    layer.threeDLayer = true;
    var positions = [];
    for (var i = 0; i < site.xy.length; i += 2) positions.push([site.xy[i], site.xy[i + 1], 0]);
    positionOf(layer).setValuesAtTimes(times, positions);
    addControl(layer, "Checkbox", "Visible", site.visible);
  }

  // A number that nobody knows has no key. Whether it is known is a checkbox beside it, because a slider cannot be empty.
  function addCounters(comp) {
    var layer = addNull(comp, "COUNTERS", "A value holds only where its 'known' box is on.");
    for (var i = 0; i < COUNTERS.length; i += 1) {
      addControl(layer, "Slider", COUNTERS[i].name, COUNTERS[i].keys);
      addControl(layer, "Checkbox", COUNTERS[i].name + " known", COUNTERS[i].known);
    }
  }

  // One node, straight above the middle: the plane z = 0 fills the frame pixel by pixel.
  function addCamera(comp) {
    var middle = [SHOT.width / 2, SHOT.height / 2];
    var layer = comp.layers.addCamera("CAMERA_map", middle);
    layer.autoOrient = AutoOrientType.NO_AUTO_ORIENT;
    positionOf(layer).setValue([middle[0], middle[1], -SHOT.zoom]);
    layer.property("ADBE Camera Options Group").property("ADBE Camera Zoom").setValue(SHOT.zoom);
  }

  // Returns the file when it is not there, and nothing when all is well.
  function addFootage(comp, path, shown) {
    var first = new File(new File($.fileName).parent.fsName + "/" + path);
    if (!first.exists) return first.fsName;
    var options = new ImportOptions(first);
    options.sequence = true;
    options.forceAlphabetical = false;
    var footage = app.project.importFile(options);
    footage.mainSource.conformFrameRate = SHOT.fpsNum / SHOT.fpsDen;
    if (footage.mainSource.hasAlpha) footage.mainSource.alphaMode = AlphaMode.STRAIGHT;
    var layer = comp.layers.add(footage);
    layer.startTime = 0;
    layer.enabled = shown;
    return null;
  }

  // From the bottom up, under what is there already; the last one is the whole picture, the others are its passes.
  function addAllFootage(comp) {
    var missing = [];
    for (var i = 0; i < SHOT.footage.length; i += 1) {
      var lost = addFootage(comp, SHOT.footage[i], i === SHOT.footage.length - 1);
      if (lost) missing.push(lost);
    }
    if (missing.length) {
      alert(SHOT.name + ": no pictures at\n" + missing.join("\n") + "\nThe tracks are there; import them by hand.");
    }
  }

  function build() {
    var fps = SHOT.fpsNum / SHOT.fpsDen;
    var comp = app.project.items.addComp(SHOT.name, SHOT.width, SHOT.height, 1, timeOf(SHOT.frames), fps);
    comp.dropFrame = SHOT.dropFrame;
    comp.displayStartTime = timeOf(SHOT.startFrame);
    var times = timesOf(range(SHOT.frames));
    addAllFootage(comp);
    for (var i = SITES.length - 1; i >= 0; i -= 1) addSite(comp, SITES[i], times);
    addCounters(comp);
    addCamera(comp);
    comp.openInViewer();
  }

  app.beginUndoGroup("Import " + SHOT.name);
  try {
    if (!app.project) app.newProject();
    build();
  } finally {
    app.endUndoGroup();
  }
})();
