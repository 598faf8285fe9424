import Base
import Bus
import Crypto
package import HTTPServer
import Kernel
import Wire

/// Stands before every handler: who asks, whether they may, and how often.
package struct Gate: Sendable {
    let callers: Callers
    /// Nil where nothing is limited.
    let rates: RateLimitGate?
    let denials: Denials
    let browsers: BrowserRules
    let bus: any Bus
    let clocks: Clocks
    let bodyMax: Int

    /// The middleware; nothing reaches a handler but through it.
    package var middleware: Middleware { pass }

    private func pass(_ arrived: Request, _ next: Handler) async throws -> Response {
        if let answer = browsers.preflight(arrived) { return answer }
        let access = arrived.route?.access ?? .open
        var request = arrived
        var caller: Caller?
        if access != .open {
            do {
                let credentials = try Credentials.of(arrived)
                // Who is known already, and has nothing else to prove, is let through without waiting for anything.
                if let known = try callers.remembered(credentials, of: arrived) {
                    caller = known
                } else {
                    caller = try await identify(credentials, &request)
                }
            } catch let error as APIError {
                return await refuse(request, error)
            }
            request.caller = caller
        }
        var standing: RateStanding?
        if let rates, request.route?.rate != .unlimited {
            do throws(APIError) {
                standing = try await rates.admit(request, subject: caller?.subject)
            } catch {
                return answer(error, to: request)
            }
        }
        var response: Response
        do throws(APIError) { try check(access, caller) } catch {
            response = answer(error, to: request)
            standing?.stamp(&response)
            return response
        }
        response = try await next(request)
        if response.status.rawValue == 403 { denials.note(request, .forbidden) }
        browsers.stamp(&response, for: request)
        standing?.stamp(&response)
        return response
    }

    /// Answers a request whose credential is none: whoever guesses is counted by where the guesses come from.
    private func refuse(_ request: Request, _ error: APIError) async -> Response {
        if error.code == .unauthorized { rates?.noteWrongCredentials(of: request) }
        do throws(APIError) {
            var response = answer(error, to: request)
            try await rates?.admit(request, subject: nil).stamp(&response)
            return response
        } catch {
            return answer(error, to: request)
        }
    }

    private func answer(_ error: APIError, to request: Request) -> Response {
        if error.code == .unauthorized || error.code == .forbidden { denials.note(request, error.code) }
        var response = error.answer(to: request)
        browsers.stamp(&response, for: request)
        return response
    }

    private func check(_ access: Access, _ caller: Caller?) throws(APIError) {
        switch access {
        case .open: return
        case .signedIn:
            guard caller != nil else { throw Self.nobody }
        case .needs(let permission):
            guard let caller else { throw Self.nobody }
            guard caller.may(permission) else {
                throw APIError(
                    .forbidden, "This needs the permission \(permission.rawValue)",
                    details: ["permission": .string(permission.rawValue)])
            }
        }
    }

    private static let nobody = APIError(.unauthorized, fields: ["www-authenticate": "Bearer"])

    /// Finds out who sent a request; nobody where it shows nothing.
    private func identify(_ credentials: Credentials, _ request: inout Request) async throws -> Caller? {
        let arrived = request
        let resolved = try await callers.resolve(credentials, from: request.client) {
            () throws(APIError) in try rates?.checkCredentials(of: arrived)
        }
        guard let resolved else { return nil }
        switch credentials {
        case .signature(let parameters): try await verify(parameters, resolved, &request)
        case .cookie: try browsers.checkIntent(request, resolved)
        case .certificate: try browsers.checkOrigin(request)
        default: break
        }
        return resolved.caller
    }

    /// Holds a signature against the request, whose body has to be there as a whole for that.
    private func verify(
        _ parameters: SignatureParameters, _ resolved: Resolved, _ request: inout Request
    ) async throws {
        let refused = APIError(.unauthorized, "The signature is not that of this request, now")
        guard let signer = resolved.signer else { throw refused }
        let body = try await request.body.collect(max: bodyMax)
        if !body.isEmpty { request.body = .complete(body) }
        do throws(SignatureError) {
            let signed = try SignedRequest(
                method: request.method.name, path: request.path, query: request.query,
                bodyHash: SHA256.hash(body), timestamp: parameters.timestamp, nonce: parameters.nonce)
            try signed.verify(parameters.signature, with: signer, now: clocks.now)
        } catch {
            throw refused
        }
        // Only now: strangers cannot fill the memory of nonces.
        let isNew = try await bus.set(
            "nonce:\(parameters.keyID):\(parameters.nonce)", to: "1", expiresAfter: .seconds(660),
            onlyIfAbsent: true)
        guard isNew else { throw refused }
    }
}
