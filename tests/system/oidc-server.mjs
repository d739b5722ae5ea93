// oidc-server.mjs - the npm package oidc-provider, an authorization server that
// nobody here wrote, with its own defaults but for what is asked of it here.
//
//     node oidc-server.mjs FOLDER PATH
//
// FOLDER holds node_modules. Prints its issuer, http://127.0.0.1:PORT/PATH,
// when it listens. A person is played by POST /approve {"user_code"}: signs in
// as "me" and grants what was asked for. In a browser it is /person that does:
// whoever comes to it, with cookies, is "me" and grants, or between GET
// /mood/refuse and /mood/grant refuses.
import { createRequire } from 'node:module'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

const [folder, path = ''] = process.argv.slice(2)
const require = createRequire(folder + '/')
const { Provider } = await import(
    pathToFileURL(require.resolve('oidc-provider')))

const confidential = (id, method) => ({
    client_id: id,
    client_secret: 's:esame&+% ' + id,
    token_endpoint_auth_method: method,
    application_type: 'native',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code',
        'authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
})
const configuration = {
    clients: [
        confidential('with:basic', 'client_secret_basic'),
        confidential('with-post', 'client_secret_post'),
    ],
    features: {
        deviceFlow: { enabled: true },
        registration: { enabled: true },
        revocation: { enabled: true },
        devInteractions: { enabled: false },
    },
    clientBasedCORS: () => false,
    interactions: { url: (_, { uid }) => '/person/' + uid },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    scopes: ['openid', 'offline_access'],
    ttl: { AccessToken: 600, DeviceCode: 600, RefreshToken: 86400,
        Grant: 86400, Session: 86400, Interaction: 600 },
}

let provider
const requests = []
async function approve(code) {
    const found = await provider.DeviceCode.findByUserCode(
        code.replace(/[^A-Z0-9]/gi, '').toUpperCase())
    if (!found) return false
    const grant = new provider.Grant(
        { accountId: 'me', clientId: found.clientId })
    grant.addOIDCScope(found.params.scope || 'openid')
    found.accountId = 'me'
    found.grantId = await grant.save()
    found.scope = found.params.scope
    found.claims = {}
    found.authTime = Math.floor(Date.now() / 1000)
    await found.save()
    return true
}
let refuses = false
async function decide(request, response) {
    const { params, prompt } =
        await provider.interactionDetails(request, response)
    if (refuses)
        return provider.interactionFinished(request, response, {
            error: 'access_denied', error_description: 'the person refused' })
    if (prompt.name === 'login')
        return provider.interactionFinished(request, response,
            { login: { accountId: 'me' } })
    const grant = new provider.Grant(
        { accountId: 'me', clientId: params.client_id })
    grant.addOIDCScope(params.scope || 'openid')
    return provider.interactionFinished(request, response,
        { consent: { grantId: await grant.save() } },
        { mergeWithLastSubmission: true })
}
const server = createServer(async (request, response) => {
    if (request.url === '/requests') {
        response.end(JSON.stringify(requests))
    } else if (request.url === '/approve') {
        let body = ''
        for await (const part of request) body += part
        const done = await approve(JSON.parse(body).user_code)
        response.statusCode = done ? 200 : 404
        response.end('{}')
    } else if (request.url.startsWith('/mood/')) {
        refuses = request.url === '/mood/refuse'
        response.end('{}')
    } else if (request.url.startsWith('/person/')) {
        await decide(request, response)
    } else {
        requests.push(request.method + ' ' + request.url)
        // Where the document lies for an issuer with a path (RFC 8414, 3).
        const known = '/.well-known/oauth-authorization-server'
        if (path && request.url === known + '/' + path)
            request.url = '/' + path + known
        if (path && request.url.startsWith('/' + path))
            request.originalUrl = request.url
        if (path) request.url = request.url.slice(path.length + 1)
        provider.callback()(request, response)
    }
})
server.listen(0, '127.0.0.1', () => {
    const issuer = 'http://127.0.0.1:' + server.address().port +
        (path ? '/' + path : '')
    provider = new Provider(issuer, configuration)
    console.log(issuer)
})
