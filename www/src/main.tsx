/** Starts the page: state, session, view. The only file that runs by being loaded. */
import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/sides.css';
import './styles/forms.css';
import './styles/wire.css';
import { render } from 'preact';
import { PageContext } from './app/context.js';
import { tabDeviceId } from './app/identity.js';
import { keepScenario, openingScenario } from './app/keeping.js';
import { applyPreferences, firstPreferences } from './app/preferences.js';
import { Session } from './app/run.js';
import { firstState } from './app/state.js';
import { createStore } from './app/store.js';
import { keepForOffline } from './offline/register.js';
import { App } from './view/app.js';

const store = createStore(firstState(firstPreferences(), await tabDeviceId()));
const session = new Session(store, new URL(location.href));
const root = document.getElementById('app');
if (root === null) throw new Error('the document has no #app');
const scenario = await openingScenario(location.hash);
if (scenario !== null) store.dispatch({ type: 'scenario/opened', scenario });
applyPreferences(store);
keepScenario(store);
render(
  <PageContext.Provider value={{ store, session }}>
    <App />
  </PageContext.Provider>,
  root,
);
void session.openFirst();
keepForOffline();
