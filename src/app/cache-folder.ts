export { cacheFolder } from '../store/cache-folder.js';
