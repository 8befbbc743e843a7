// A double of the objects of After Effects that the tracks script uses: it records what is done, and refuses what the
// application would refuse. The script's own engine is of 1999: what came later is taken away before it runs.

JSON = undefined;
Object.keys = Object.create = Object.defineProperty = undefined;
Array.isArray = Array.prototype.forEach = Array.prototype.map = Array.prototype.filter = undefined;
Array.prototype.indexOf = Array.prototype.reduce = String.prototype.trim = undefined;

var RECORD = { undo: [], comps: [], alerts: [], imported: [] };
var KeyframeInterpolationType = { LINEAR: 6612, BEZIER: 6613, HOLD: 6614 };
var AutoOrientType = { NO_AUTO_ORIENT: 4212 };
var AlphaMode = { STRAIGHT: 5413 };

function refuse(text) { throw new Error("After Effects error: " + text); }

function isNumber(value) { return typeof value === "number" && isFinite(value); }

function Property(matchName, dimensions, range) {
  this.matchName = matchName;
  this.dimensions = dimensions;
  this.range = range;
  this.keys = [];
  this.value = null;
  this.numKeys = 0;
}
Property.prototype.check = function (value) {
  var parts = this.dimensions() === 1 ? [value] : value;
  if (!(parts instanceof Array) || parts.length !== this.dimensions()) refuse("value is not of " + this.dimensions() + " dimensions");
  for (var i = 0; i < parts.length; i += 1) {
    if (!isNumber(parts[i])) refuse("value is not a number");
    if (this.range && (parts[i] < this.range[0] || parts[i] > this.range[1])) refuse("value " + parts[i] + " out of range");
  }
};
Property.prototype.setValue = function (value) {
  if (this.numKeys) refuse("property has keyframes");
  this.check(value);
  this.value = value;
};
Property.prototype.setValuesAtTimes = function (times, values) {
  if (times.length !== values.length || times.length === 0) refuse("times and values differ in number");
  for (var i = 0; i < times.length; i += 1) {
    if (!isNumber(times[i])) refuse("time is not a number");
    this.check(values[i]);
    this.keys.push({ time: times[i], value: values[i], type: KeyframeInterpolationType.BEZIER });
  }
  this.keys.sort(function (a, b) { return a.time - b.time; });
  this.numKeys = this.keys.length;
};
Property.prototype.setInterpolationTypeAtKey = function (index, typeIn, typeOut) {
  if (index < 1 || index > this.numKeys) refuse("no key " + index);
  if (typeIn === undefined || typeOut === undefined) refuse("no interpolation type");
  this.keys[index - 1].type = typeOut;
};

function one() { return 1; }

var EFFECTS = {
  "ADBE Slider Control": ["ADBE Slider Control-0001", [-1000000, 1000000]],
  "ADBE Checkbox Control": ["ADBE Checkbox Control-0001", [0, 1]]
};

function Effect(matchName) {
  if (!EFFECTS[matchName]) refuse("no effect " + matchName);
  this.matchName = matchName;
  this.name = matchName;
  this.control = new Property(EFFECTS[matchName][0], one, EFFECTS[matchName][1]);
}
Effect.prototype.property = function (name) { return name === this.control.matchName ? this.control : null; };

function EffectParade() { this.effects = []; }
EffectParade.prototype.addProperty = function (matchName) {
  var effect = new Effect(matchName);
  this.effects.push(effect);
  return effect;
};

function Transform(layer) {
  this.position = new Property("ADBE Position", function () { return layer.kind === "camera" || layer.threeDLayer ? 3 : 2; });
}
Transform.prototype.property = function (name) { return name === "ADBE Position" ? this.position : null; };

function Layer(kind, name) {
  this.kind = kind;
  this.name = name;
  this.comment = "";
  this.threeDLayer = false;
  this.enabled = true;
  this.parade = new EffectParade();
  this.transform = new Transform(this);
  this.zoom = new Property("ADBE Camera Zoom", one, [1, 1e7]);
}
Layer.prototype.property = function (name) {
  if (name === "ADBE Effect Parade" && this.kind !== "camera") return this.parade;
  if (name === "ADBE Transform Group") return this.transform;
  if (name === "ADBE Camera Options Group" && this.kind === "camera") {
    var zoom = this.zoom;
    return { property: function (inner) { return inner === "ADBE Camera Zoom" ? zoom : null; } };
  }
  return null;
};

function Layers(stack) { this.stack = stack; }
Layers.prototype.put = function (layer) {
  if (RECORD.undo.length % 2 === 0) refuse("outside of an undo group");
  layer.stack = this.stack;
  this.stack.unshift(layer);
  return layer;
};
Layers.prototype.addNull = function () { return this.put(new Layer("null", "Null")); };
Layers.prototype.addCamera = function (name, middle) {
  if (middle.length !== 2) refuse("a camera starts at a point of the picture");
  return this.put(new Layer("camera", name));
};
Layers.prototype.add = function (footage) { return this.put(new Layer("footage", footage.name)); };

function Comp(name, width, height, aspect, seconds, fps) {
  if (width < 4 || width > 30000 || height < 4 || height > 30000) refuse("size");
  if (seconds <= 0 || seconds > 10800 || fps < 1 || fps > 99 || aspect !== 1) refuse("composition settings");
  this.name = name;
  this.width = width;
  this.height = height;
  this.seconds = seconds;
  this.fps = fps;
  this.opened = false;
  this.stack = [];
  this.layers = new Layers(this.stack);
}
Comp.prototype.openInViewer = function () { this.opened = true; };

function ImportOptions(file) { this.file = file; }
function File(path) {
  this.fsName = path;
  this.parent = { fsName: path.replace(/\/[^\/]*$/, "") };
  this.exists = path.indexOf(FOOTAGE_AT) === 0 && FOOTAGE_AT !== "";
}
function alert(text) { RECORD.alerts.push(text); }

var $ = { fileName: "/delivery/track/script.jsx" };
var app = {
  project: {
    items: {
      addComp: function (name, width, height, aspect, seconds, fps) {
        var comp = new Comp(name, width, height, aspect, seconds, fps);
        RECORD.comps.push(comp);
        return comp;
      }
    },
    importFile: function (options) {
      if (!options.file.exists) refuse("no file " + options.file.fsName);
      var footage = { name: options.file.fsName, mainSource: { hasAlpha: true, conformFrameRate: 0, alphaMode: null } };
      RECORD.imported.push({ options: options, footage: footage });
      return footage;
    }
  },
  beginUndoGroup: function (name) { RECORD.undo.push("begin " + name); },
  endUndoGroup: function () { RECORD.undo.push("end"); }
};

function effectsOf(layer) {
  var found = [];
  for (var i = 0; i < layer.parade.effects.length; i += 1) {
    var effect = layer.parade.effects[i];
    found.push({ kind: effect.matchName, name: effect.name, keys: effect.control.keys });
  }
  return found;
}

function whatWasDone() {
  var comp = RECORD.comps[0];
  var layers = [];
  for (var i = 0; i < comp.stack.length; i += 1) {
    var layer = comp.stack[i];
    layers.push({
      kind: layer.kind, name: layer.name, comment: layer.comment, threeD: layer.threeDLayer, enabled: layer.enabled,
      position: layer.transform.position.value, keys: layer.transform.position.keys,
      zoom: layer.zoom.value, effects: effectsOf(layer)
    });
  }
  return {
    undo: RECORD.undo, alerts: RECORD.alerts, imported: RECORD.imported, n_comps: RECORD.comps.length, layers: layers,
    comp: { name: comp.name, width: comp.width, height: comp.height, seconds: comp.seconds, fps: comp.fps,
      dropFrame: comp.dropFrame, displayStartTime: comp.displayStartTime, opened: comp.opened }
  };
}
