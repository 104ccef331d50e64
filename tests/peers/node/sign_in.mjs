// The certified oidc-provider behind Entra's addresses, as a judge of sign-ins.
//
//     node sign_in.mjs MODULES < SETTINGS
//
// MODULES is the folder whose node_modules hold oidc-provider; SETTINGS is one line of JSON: tenant, client_id, certificate
// (PEM), device_client_id, roles, interval_s, and where wanted token_tenant and device_code_s. Prints {"port": N} on one
// line and serves 127.0.0.1:N until its standard input ends.
//
// Ours is only the glue: Entra's paths, `scope=RESOURCE/.default` told as a resource (RFC 8707), the claims that Entra
// puts into tokens, the fields of the device code answer that Entra adds, and a Graph that knows one object and reads
// it to whoever shows a token signed by the provider. What is accepted and refused is the provider's decision.

import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/package.json`);
const { default: Provider, errors } = await import(pathToFileURL(require.resolve('oidc-provider')));

const lines = createInterface({ input: process.stdin });
const settings = JSON.parse(await new Promise((resolve) => lines.once('line', resolve)));
lines.on('close', () => process.exit(0));

const certificate = new X509Certificate(settings.certificate);
const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
const API_SCOPE = 'api';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const base = `http://127.0.0.1:${server.address().port}`;
const journal = { accepted: [], refused: [], polls_too_early: 0, polls: 0, graph: 0 };

const resourceServer = { scope: API_SCOPE, accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'RS256' } } };
const provider = new Provider(`${base}/${settings.tenant}`, {
  clients: [
    {
      client_id: settings.client_id,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks: { keys: [{ ...certificate.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'PS256' }] },
    },
    {
      client_id: settings.device_client_id,
      application_type: 'native',
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'none',
    },
  ],
  routes: { token: '/oauth2/v2.0/token', device_authorization: '/oauth2/v2.0/devicecode', jwks: '/discovery/v2.0/keys' },
  enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'RS256'] },
  scopes: ['openid', 'offline_access'],
  ttl: { DeviceCode: settings.device_code_s ?? 600, AccessToken: 3600, ClientCredentials: 3600, Grant: 3600 },
  clockTolerance: 5,
  extraTokenClaims: (_, token) => ({
    tid: settings.token_tenant ?? settings.tenant,
    appid: token.clientId,
    roles: token.kind === 'ClientCredentials' ? settings.roles : undefined,
    scp: token.kind === 'AccessToken' ? settings.roles.join(' ') : undefined,
  }),
  // What the standard leaves to the server: Entra finds the certificate by this header.
  assertJwtClientAuthClaimsAndHeader: (_, claims, header) => {
    const wrong = [];
    if (header['x5t#S256'] !== thumbprint) wrong.push(`x5t#S256 ${header['x5t#S256']}`);
    if (claims.sub !== settings.client_id) wrong.push(`sub ${claims.sub}`);
    if (claims.exp - claims.iat > 600) wrong.push(`lives for ${claims.exp - claims.iat} seconds`);
    if (wrong.length > 0) throw new errors.InvalidClientAuth(wrong.join(', '));
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => resourceServer,
      useGrantedResource: () => true,
    },
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});
provider.on('grant.success', (ctx) => journal.accepted.push(ctx.oidc.params.grant_type));
const refused = (_, error) => {
  const cause = error.cause?.message ?? '';
  journal.refused.push([error.error, error.error_description, error.error_detail, cause].filter(Boolean).join(': '));
};
provider.on('grant.error', refused);
provider.on('device_authorization.error', refused);
provider.on('server_error', refused);

const answer = provider.callback();
const lastPoll = new Map();

server.on('request', async (request, response) => {
  const body = await read(request);
  // A gateway that is not known to the provider: what a client signs for its address is not meant for the provider.
  request.url = request.url.replace(/^\/gateway\//, '/');
  const path = new URL(request.url, base).pathname;
  try {
    if (path.startsWith('/control/')) return reply(response, 200, await control(path.slice('/control/'.length), body));
    if (path.startsWith('/v1.0/')) return graph(request, response, path);
    return await signIn(request, response, body, path);
  } catch (error) {
    return reply(response, 500, { error: 'peer', error_description: `${error.stack}` });
  }
});
console.log(JSON.stringify({ port: server.address().port }));

/// Hands a sign-in to the provider, in its own words.
async function signIn(request, response, body, path) {
  const form = Object.fromEntries(new URLSearchParams(body));
  const own = `/${settings.tenant}`;
  if (!path.startsWith(`${own}/`)) {
    return reply(response, 400, { error: 'invalid_request', error_description: 'AADSTS90002: Tenant not found.', error_codes: [90002] });
  }
  const resource = form.scope?.split(' ').find((scope) => scope.endsWith('/.default'));
  if (resource) {
    form.resource = resource.slice(0, -'/.default'.length);
    form.scope = form.scope.split(' ').map((scope) => (scope === resource ? API_SCOPE : scope)).join(' ');
  }
  if (form.device_code) notePoll(form.device_code);
  request.body = form;
  request.originalUrl = request.url;
  request.url = request.url.slice(own.length);
  if (path.endsWith('/devicecode')) amendDeviceAnswer(response);
  return answer(request, response);
}

/// Entra gives an interval and a sentence for the person; the provider leaves both out.
function amendDeviceAnswer(response) {
  const { end } = response;
  response.end = (text, ...rest) => {
    const document = JSON.parse(text);
    if (document.user_code) {
      document.interval = settings.interval_s;
      document.message = `Open ${document.verification_uri} and enter the code ${document.user_code}.`;
    }
    const amended = JSON.stringify(document);
    response.setHeader('content-length', Buffer.byteLength(amended));
    return end.call(response, amended, ...rest);
  };
}

function notePoll(code) {
  const now = performance.now();
  const last = lastPoll.get(code);
  journal.polls += 1;
  // Clocks of two processes: a little early is not early.
  if (last !== undefined && now - last < settings.interval_s * 1000 - 50) journal.polls_too_early += 1;
  lastPoll.set(code, now);
}

/// What a person at the browser would do, and what the test wants to know.
async function control(verb, body) {
  if (verb === 'journal') return journal;
  const { user_code: userCode } = JSON.parse(body);
  // The provider keeps codes without the marks that people read them by.
  const code = await provider.DeviceCode.findByUserCode(userCode.replace(/[^A-Z0-9]/gi, ''));
  if (!code) throw new Error(`no device code for ${userCode}`);
  if (verb === 'deny') {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the person said no' });
  } else {
    const grant = new provider.Grant({ accountId: 'person', clientId: code.clientId });
    grant.addOIDCScope('openid offline_access');
    grant.addResourceScope(code.params.resource, API_SCOPE);
    const resources = { resource: code.params.resource, scope: code.params.scope };
    Object.assign(code, { accountId: 'person', grantId: await grant.save(), authTime: Math.floor(Date.now() / 1000), ...resources });
  }
  await code.save();
  return {};
}

/// The one object that this Graph knows, read to whoever shows a token that the provider signed for it.
async function graph(request, response, path) {
  journal.graph += 1;
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const [head, claims, signature] = token.split('.');
  const keys = await (await fetch(`${base}/${settings.tenant}/discovery/v2.0/keys`)).json();
  const { kid } = JSON.parse(Buffer.from(head, 'base64url'));
  const key = keys.keys.find((one) => one.kid === kid);
  const signed = Buffer.from(`${head}.${claims}`);
  const so = key && verify('RSA-SHA256', signed, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  const { aud } = JSON.parse(Buffer.from(claims, 'base64url'));
  if (!so || aud !== base) {
    return reply(response, 401, { error: { code: 'InvalidAuthenticationToken', message: 'not signed here, or not for here' } });
  }
  if (path !== '/v1.0/organization') {
    return reply(response, 404, { error: { code: 'Request_ResourceNotFound', message: path } });
  }
  return reply(response, 200, { value: [{ id: settings.tenant, displayName: 'Contoso', verifiedDomains: [] }] });
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function reply(response, status, document) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(document));
}
