export { makeFolder } from '../store/make-folder.js';
