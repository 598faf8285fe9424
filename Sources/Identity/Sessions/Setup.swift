import Base
import Crypto
import HTTPServer
import Kernel
package import Store
import Synchronization

/// The one-time way to the first user: a token that the server prints at its first start, and nobody else knows.
package final class Setup: Sendable {
    private let token = Mutex<Secret?>(nil)

    package init() {}

    /// A token for whoever reads the log, where there is no user yet.
    package func begin(_ database: any Database) async throws -> String? {
        guard try await database.read({ try await UserStore.isEmpty(in: $0) }) else { return nil }
        let text = Base64.url.encode(SecureRandom.bytes(24))
        token.withLock { $0 = Secret(text) }
        return text
    }

    /// Lets the holder of the token make a user; a failure leaves it good for another try.
    func use(_ given: Secret, by actor: Actor, _ body: (Actor) async throws -> User) async throws -> User {
        guard let known = token.withLock({ $0 }), known.matches(given.reveal()) else {
            throw APIError(.forbidden, "The token is not that of this server's setup, or setup is over")
        }
        let user = try await body(actor.asOperator)
        token.withLock { $0 = nil }
        return user
    }
}

extension Actor {
    /// The same, with what whoever can read the server's log is trusted with.
    fileprivate var asOperator: Actor { Actor(operator: self) }
}
