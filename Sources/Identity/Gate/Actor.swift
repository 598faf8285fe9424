package import Base
package import HTTPServer
package import Kernel
import Reactor

/// Who does something that is written into the audit log.
package struct Actor: Sendable {
    /// `user:7`, `key:…`, or `console` for the operator's own command line.
    package let subject: String
    /// The user's name.
    package let name: String
    /// Where it comes from.
    package let address: String
    /// The same as budgets count it.
    let network: String
    /// By what proof.
    package let credential: String
    /// What the actor may do: nobody gives away more.
    package let permissions: Set<Permission>
    /// Which chats the actor reaches: nobody grants others.
    package let reach: ChatReach
    /// The number of the user behind it; nil for the command line.
    package let userID: Int64?
    /// The request by which it is done.
    package let requestID: String?

    /// Whoever runs the program's commands, who can read the database anyway.
    package static let console = Actor(
        subject: "console", name: "console", address: "local", network: "local",
        credential: Caller.Credential.console.rawValue,
        permissions: Permission.all, reach: .everything, userID: nil, requestID: nil)

    private init(
        subject: String, name: String, address: String, network: String, credential: String,
        permissions: Set<Permission>,
        reach: ChatReach, userID: Int64?, requestID: String?
    ) {
        self.subject = subject
        self.name = name
        self.address = address
        self.network = network
        self.credential = credential
        self.permissions = permissions
        self.reach = reach
        self.userID = userID
        self.requestID = requestID
    }

    /// The same, once it is known to be a user.
    func becoming(_ user: User) -> Actor {
        Actor(
            subject: "user:\(user.id)", name: user.username, address: address, network: network,
            credential: "password",
            permissions: permissions, reach: reach, userID: user.id, requestID: requestID)
    }

    /// Somebody who has proved to be the one that runs the server.
    init(operator other: Actor) {
        self.init(
            subject: "setup", name: other.name, address: other.address, network: other.network,
            credential: "setup",
            permissions: Permission.all, reach: .everything, userID: nil, requestID: other.requestID)
    }

    /// Who sent a request; nobody in particular where it carries no credentials.
    package init(_ request: Request) {
        let caller = request.caller as? Caller
        self.init(
            subject: caller?.subject ?? "anonymous", name: caller?.userName ?? "",
            address: request.client.host, network: "\(RateAddress(request.client))",
            credential: caller?.credential.rawValue ?? "none",
            permissions: caller?.permissions ?? [], reach: caller?.reach ?? .nothing, userID: caller?.userID,
            requestID: "\(request.id)")
    }

    /// An entry of the audit log about what this actor does.
    package func entry(
        _ action: String, on target: String? = nil, _ result: AuditResult = .ok, detail: String? = nil
    ) -> AuditDraft {
        AuditDraft(
            actor: subject, actorName: name, address: address, credential: credential, action: action,
            target: target, result: result, detail: detail, requestID: requestID)
    }
}

extension Request {
    /// Who sent the request; routes that need somebody never run without.
    package var signedIn: Caller {
        get throws(APIError) {
            guard let caller = caller as? Caller else { throw APIError(.unauthorized) }
            return caller
        }
    }
}
