/* Tells the server that somebody is here: keys, clicks and scrolling, at most twice a minute. An open tab alone is nobody. */
import { connect } from './connection.js';

const EVENTS = ['keydown', 'pointerdown', 'wheel'];
const REST = 30000; // milliseconds between two messages

export default async function plugin(lab) {
  const connection = await connect(lab);
  return {
    id: 'sde-workspace:activity',
    description: 'Tells that the workspace is in use.',
    autoStart: true,
    activate: () => {
      let told = -REST;
      const tell = event => {
        if (event.isTrusted && performance.now() - told >= REST) {
          told = performance.now();
          connection.tell('active', {}).catch(() => (told = -REST));
        }
      };
      for (const name of EVENTS) {
        document.addEventListener(name, tell, { capture: true, passive: true });
      }
    }
  };
}
