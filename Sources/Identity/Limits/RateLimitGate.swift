import Base
package import HTTPServer
package import Kernel
import Reactor
import Wire

/// Lets requests in as far as their callers' budgets go.
///
/// Authentication calls `admit` once it knows who sends a request, and stamps the answer with the standing that it gets.
/// Before it looks a credential up it calls `checkCredentials`, and after a wrong one `noteWrongCredentials`.
package struct RateLimitGate: Sendable {
    private let limits: RateLimits

    /// A gate by these limits.
    package init(_ limits: RateLimits) { self.limits = limits }

    /// Counts a request, holds it up for a moment if it has to, or throws the answer that refuses it.
    ///
    /// Without a subject it is counted by the address that it came from; without a route always.
    package func admit(_ request: Request, subject: String?) async throws(APIError) -> RateStanding {
        let rate = request.route?.rate ?? .interactive
        guard rate != .unlimited else { return RateStanding(.uncounted) }
        let connection = request.connection
        let decision = await limits.decide(
            rate, subject: request.route == nil ? nil : subject,
            address: RateAddress(request.client), shard: connection.loop.index)
        let standing = RateStanding(decision)
        switch decision.outcome {
        case .uncounted, .allowed, .warned: return standing
        case .refused(let time), .blocked(let time): throw standing.refusal(retryAfter: time)
        case .delayed(let time):
            defer { limits.endDelay() }
            do throws(CancellationError) { try await connection.loop.sleep(for: time) } catch {
                throw APIError(.timeout)
            }
            return standing
        }
    }

    /// Throws the answer to a request whose credentials are not looked at, because its address showed too many wrong ones.
    ///
    /// Not for credentials that are known to be right, because somebody else may share the address with who guesses.
    package func checkCredentials(of request: Request) throws(APIError) {
        let connection = request.connection
        let wait = limits.credentialsWait(
            from: RateAddress(request.client), shard: connection.loop.index)
        guard let wait else { return }
        throw APIError(
            .rateLimited, "Too many wrong credentials",
            details: ["retryAfter": .integer(Int64(wait.secondsRoundedUp))],
            fields: ["retry-after": "\(wait.secondsRoundedUp)"])
    }

    /// Notes that a request's credentials were wrong.
    package func noteWrongCredentials(of request: Request) {
        limits.noteWrongCredentials(from: RateAddress(request.client))
    }

    /// The gate by itself, for requests whose caller stands in them already or is nobody.
    package var middleware: Middleware {
        { request, next in
            let standing = try await admit(request, subject: (request.caller as? Caller)?.subject)
            var response = try await next(request)
            standing.stamp(&response)
            return response
        }
    }
}
