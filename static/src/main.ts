import { mount } from 'svelte'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import Root from './Root.svelte'
import { App } from './lib/app.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has no #app')
mount(Root, { target, props: { app: new App() } })

// Works offline where the browser allows it; without it everything else still does.
if (import.meta.env.PROD) navigator.serviceWorker?.register('/static/sw.js', { scope: '/' }).catch(() => undefined)
