// What goes wrong on the page, gathered to be quoted: errors, broken promises, console errors, what did not arrive.
const faults = (() => {
  const said = new Set(), missing = new Set();
  let busy = 0;

  const text = (what) => String((what && what.message) || (what && what.toString && what.toString()) || what).split("\n")[0].slice(0, 300);

  window.addEventListener("error", (event) => {
    const target = event.target;
    if (target && target !== window) missing.add(target.currentSrc || target.src || target.href || target.tagName);
    else said.add(text(event.error || event.message));
  }, true);
  window.addEventListener("unhandledrejection", (event) => said.add(text(event.reason)));
  const plain = console.error.bind(console);
  console.error = (...words) => {
    said.add(words.map(text).join(" "));
    plain(...words);
  };

  // Requests that are under way: the picture waits for them, and for what the page does with their answers.
  const over = () => real.setTimeout(() => { busy -= 1; }, 0);
  const counted = (owner, name) => {
    const plainly = owner[name];
    owner[name] = function waited(...given) {
      busy += 1;
      return plainly.apply(this, given).finally(over);
    };
  };
  counted(window, "fetch");
  for (const name of ["arrayBuffer", "blob", "formData", "json", "text"]) counted(Response.prototype, name);
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function named(method, address, ...more) {
    this.addEventListener("error", () => missing.add(String(new URL(address, location.href))));
    return open.call(this, method, address, ...more);
  };
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function waited(...body) {
    busy += 1;
    this.addEventListener("loadend", over);
    return send.apply(this, body);
  };

  return {
    missing,
    tell: (error) => said.add(text(error)),
    get busy() { return busy > 0; },
    raise() {
      const told = [];
      if (said.size) told.push(`the map's page says: ${[...said].slice(0, 3).join(" | ")}`);
      if (missing.size) told.push(`missing: ${[...missing].slice(0, 5).join(", ")}`);
      if (told.length) throw new Error(told.join("; "));
    },
  };
})();
