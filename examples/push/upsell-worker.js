// A service worker comes from your own site; all of ours is one line in yours.
importScripts("http://127.0.0.1:8600/sdk/upsell-push.js");
