import { mount } from 'svelte';
import './page.css';
import App from './app.svelte';
import { live } from './live.svelte.js';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element "app"');
mount(App, { target });
live.start();
