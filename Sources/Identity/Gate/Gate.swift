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
    package var middleware: Middleware {
        { request, next in try await pass(request, next) }
    }

    private func pass(_ request: Request, _ next: Handler) async throws -> Response {
        // What is open and never limited (health checks, benchmarks) needs nothing of all this.
        if let route = request.route, route.access == .open, route.rate == .unlimited {
            var response = try await next(request)
            // What is in the document is for browsers as well.
            if route.operation != nil { browsers.stamp(&response, for: request) }
            return response
        }
        if let answer = browsers.preflight(request) { return answer }
        var request = request
        let access = request.route?.access ?? .open
        if access != .open {
            do {
                try await identify(&request)
            } catch let error as APIError {
                return try await refuse(request, error)
            }
        }
        let caller = request.caller as? Caller
        let standing: RateStanding?
        do throws(APIError) {
            standing = try await rates?.admit(request, subject: caller?.subject)
            try check(access, caller)
        } catch {
            return answer(error, to: request)
        }
        var response = try await next(request)
        if response.status.rawValue == 403 { denials.note(request, .forbidden) }
        standing?.stamp(&response)
        browsers.stamp(&response, for: request)
        return response
    }

    /// Answers a request whose credential is none: whoever guesses is counted by where the guesses come from.
    private func refuse(_ request: Request, _ error: APIError) async throws -> Response {
        if error.code == .unauthorized { rates?.noteWrongCredentials(of: request) }
        do throws(APIError) {
            _ = try await rates?.admit(request, subject: nil)
            return answer(error, to: request)
        } catch {
            return answer(error, to: request)
        }
    }

    private func answer(_ error: APIError, to request: Request) -> Response {
        if error.code == .unauthorized || error.code == .forbidden { denials.note(request, error.code) }
        var response = Envelope.failure(error)
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
    private func identify(_ request: inout Request) async throws {
        let credentials = try Credentials.of(request)
        if case .none = credentials { return }
        let (rates, asked) = (rates, request)
        let resolved = try await callers.resolve(credentials, from: request.connection.peer) {
            () throws(APIError) in try rates?.checkCredentials(of: asked)
        }
        guard let resolved else { return }
        switch credentials {
        case .signature(let parameters): try await verify(parameters, resolved, &request)
        case .cookie: try browsers.checkIntent(request, resolved)
        case .certificate: try browsers.checkOrigin(request)
        default: break
        }
        request.caller = resolved.caller
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
