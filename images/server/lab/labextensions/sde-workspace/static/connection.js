/* The one conversation with the workspace's server (images/server/sde_workspace): asks again and again for what is new
 * and tells every feature. A request waits at the server until there is something to say, so a notice is shown at once.
 */
const PAUSES = [1, 2, 5, 10, 30]; // seconds, while the server does not answer
const SOONEST = 0.2;

const pause = seconds => new Promise(done => setTimeout(done, seconds * 1000));

class Connection {
  constructor({ ServerConnection, URLExt }) {
    this._settings = ServerConnection.makeSettings();
    this._request = ServerConnection.makeRequest;
    this._join = URLExt.join;
    this._listeners = [];
    this._seen = { notices: '', closing: '' };
    this.id = [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, '0')).join('');
  }

  /** Call `listener(news)` with each answer: {notices, closing, revision}. */
  listen(listener) {
    this._listeners.push(listener);
    if (this._listeners.length === 1) {
      void this._ask();
    }
  }

  /** Tell something; what is answered, if anything is. */
  async tell(path, body) {
    const init = { method: 'POST', body: JSON.stringify({ lab: this.id, ...body }) };
    const answer = await this._request(this._url(path), init, this._settings);
    if (!answer.ok) {
      throw new Error(`${path}: ${answer.status}`);
    }
    return answer.status === 204 ? null : answer.json();
  }

  _url(path) {
    return this._join(this._settings.baseUrl, 'sde', path);
  }

  async _ask() {
    let failed = 0;
    for (;;) {
      try {
        const query = new URLSearchParams({ lab: this.id, ...this._seen });
        const answer = await this._request(`${this._url('news')}?${query}`, {}, this._settings);
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        const news = await answer.json();
        failed = 0;
        this._seen = { notices: news.revision, closing: String(news.closing) };
        for (const listener of this._listeners) {
          Promise.resolve(listener(news)).catch(error => console.warn('sde-workspace:', error));
        }
        await pause(SOONEST);
      } catch (error) {
        await pause(PAUSES[Math.min(failed++, PAUSES.length - 1)]);
      }
    }
  }
}

let connection = null;

/** The page's one connection. `lab` finds JupyterLab's own packages. */
export async function connect(lab) {
  if (connection === null) {
    const [{ ServerConnection }, { URLExt }] = await Promise.all([
      lab('@jupyterlab/services'),
      lab('@jupyterlab/coreutils')
    ]);
    connection = connection || new Connection({ ServerConnection, URLExt });
  }
  return connection;
}
