// The connection to the server: one message, its answer, and then the next one. A lost connection is opened again, and
// the server continues the session.

// The server closes a connection with this code when another page continues its session.
const TAKEN_OVER = 4001;
const FIRST_WAIT_MS = 300;
const MAX_WAIT_MS = 5000;

export class Connection {
  // `on` has the functions hello(message), lost() and refused(text).
  constructor(path, query, on) {
    this.path = path;
    this.query = query;
    this.on = on;
    this.session = sessionStorage.getItem(this.storageKey) ?? "";
    this.wait = FIRST_WAIT_MS;
    this.isClosed = false;
    this.socket = null;
    this.pending = null;
    this.ready = new Promise((resolve) => (this.becomeReady = resolve));
    this.open();
  }

  // A page that is loaded again continues its session, too.
  get storageKey() {
    return `session of ${this.path} ${this.query.model ?? ""}`;
  }

  open() {
    const query = new URLSearchParams({ ...this.query, session: this.session });
    const address = new URL(`${this.path}?${query}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.isRefused = false;
    socket.onclose = (event) => {
      if (socket !== this.socket || this.isClosed) return;
      this.pending?.reject(new Error("the connection was lost"));
      this.pending = null;
      this.ready = new Promise((resolve) => (this.becomeReady = resolve));
      if (event.code === TAKEN_OVER) {
        this.isClosed = true;
        sessionStorage.removeItem(this.storageKey);
        this.on.refused("Another page continues this session. Reload this page to begin a new one.");
        return;
      }
      if (!this.isRefused) this.on.lost();
      setTimeout(() => this.isClosed || this.open(), this.wait);
      this.wait = Math.min(2 * this.wait, MAX_WAIT_MS);
    };
  }

  receive(message) {
    if (message.type === "refused") {
      this.isRefused = true;
      this.on.refused(message.error);
    } else if (message.type === "hello") {
      this.session = message.session;
      sessionStorage.setItem(this.storageKey, this.session);
      this.wait = FIRST_WAIT_MS;
      this.on.hello(message);
      this.becomeReady();
    } else {
      const pending = this.pending;
      this.pending = null;
      pending?.resolve(message);
    }
  }

  // The answer to a message; the promise is rejected if the connection is lost before it.
  async ask(data) {
    for (;;) {
      await this.ready; // again after each wait: the connection may have been lost, and be opened again
      if (!this.pending) break;
      await this.pending.promise.catch(() => {});
    }
    const pending = {};
    pending.promise = new Promise((resolve, reject) => Object.assign(pending, { resolve, reject }));
    this.pending = pending;
    this.socket.send(data);
    return pending.promise;
  }

  command(values) {
    return this.ask(JSON.stringify(values));
  }

  // A frame: its time in seconds, and an image file.
  frame(seconds, file) {
    const header = new DataView(new ArrayBuffer(8));
    header.setFloat64(0, seconds, true);
    return this.ask(new Blob([header, file]));
  }

  close() {
    this.isClosed = true;
    this.socket.close();
  }
}
