'use strict';
const $ = (id) => document.getElementById(id);
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
// The token stays in this page's memory: what storage keeps, any script of this origin could read.
let token = null;
let run = 0;
let clock = null;

function show(text, kind) {
  $('status').textContent = text;
  $('status').className = kind || '';
  document.title = (kind === 'good' ? 'Signed in' : kind === 'bad' ? 'Not signed in' : 'Sign in') + ' with AWS SSO';
}

async function ask(path, body, method) {
  const headers = token ? { authorization: 'Bearer ' + token } : {};
  const options = { method: method || 'POST', headers, cache: 'no-store' };
  if (body) {
    headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  try {
    const reply = await fetch('/api/auth/' + path, options);
    const text = await reply.text();
    return { status: reply.status, wait: Number(reply.headers.get('retry-after')) || 0, body: text ? JSON.parse(text) : {} };
  } catch (_) {
    return { status: 0, wait: 0, body: { detail: "The server doesn't answer. Is it still running?" } };
  }
}

function over() {
  clearInterval(clock);
  $('flow').hidden = true;
  $('start').hidden = document.body.dataset.sso !== 'yes';
  $('keys').hidden = document.body.dataset.keys !== 'yes';
  $('start').disabled = $('keys').disabled = false;
}

function failed(detail) {
  over();
  $('start').textContent = 'Try again';
  show(detail, 'bad');
  $('title').focus();
}

function signedIn(answer) {
  over();
  token = answer.access_token;
  $('start').hidden = $('keys').hidden = true;
  $('out').hidden = $('done').hidden = false;
  $('user').textContent = answer.user.username;
  $('arn').textContent = answer.user.arn;
  $('until').textContent = new Date(Date.now() + answer.expires_in * 1000).toLocaleTimeString();
  show('You are signed in as ' + answer.user.username + '.', 'good');
  $('title').focus();
}

function countdown(seconds) {
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.max(0, Math.round((end - Date.now()) / 1000));
    $('left').textContent = Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0');
  };
  clearInterval(clock);
  tick();
  clock = setInterval(tick, 1000);
}

async function start() {
  const mine = ++run;
  $('start').disabled = $('keys').disabled = true;
  show('Asking AWS for a code…');
  const client = await ask('register-client');
  if (client.status !== 200) return failed(client.body.detail);
  const { client_id, client_secret } = client.body;
  const device = await ask('device-authorization', { client_id, client_secret });
  if (device.status !== 200) return failed(device.body.detail);
  $('code').textContent = device.body.user_code;
  const url = new URL(device.body.verification_uri_complete);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return failed('The answer from AWS has no web address.');
  $('link').href = url.href;
  $('start').hidden = $('keys').hidden = true;
  $('flow').hidden = false;
  countdown(device.body.expires_in);
  show("Open AWS's page, compare the code, and allow the sign-in. This page waits for you.");
  $('link').focus();
  let interval = device.body.interval;
  for (;;) {
    await sleep(interval);
    if (mine !== run) return;
    const answer = await ask('token', { client_id, client_secret, device_code: device.body.device_code });
    const error = answer.body.error;
    if (answer.status === 200) return signedIn(answer.body);
    if (error === 'authorization_pending') continue;
    if (error === 'slow_down') { interval = Math.max(interval, answer.wait); continue; }
    // The server or the network is away for a moment: the code is still good.
    if (answer.status === 503 || answer.status === 0) { interval = Math.max(interval, answer.wait, 5); continue; }
    return failed(answer.body.detail + '.');
  }
}

async function withKeys() {
  $('start').disabled = $('keys').disabled = true;
  const answer = await ask('aws-login');
  if (answer.status === 200) signedIn(answer.body); else failed(answer.body.detail);
}

async function signOut() {
  const answer = await ask('logout');
  // 401: it was signed out, or has expired, already.
  if (answer.status !== 200 && answer.status !== 401) return show('Signing out failed: ' + answer.body.detail + '.', 'bad');
  token = null;
  $('out').hidden = $('done').hidden = true;
  over();
  $('start').textContent = 'Sign in';
  show('You are signed out.');
  $('title').focus();
}

$('start').addEventListener('click', start);
$('keys').addEventListener('click', withKeys);
$('out').addEventListener('click', signOut);
over();
if (document.body.dataset.sso !== 'yes' && document.body.dataset.keys !== 'yes') {
  show('AWS SSO is not configured: set AWS_SSO_START_URL, AWS_SSO_REGION, AWS_SSO_ACCOUNT_ID and AWS_SSO_ROLE_NAME in .env.', 'bad');
}
