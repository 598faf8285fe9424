import Base
import HTTPServer
import Kernel
import Store

/// Roles beside the built-in ones.
struct Roles: Sendable {
    let database: any Database
    let changes: IdentityChanges
    let audit: AuditLog

    func all() async throws -> [Role] { try await database.read { try await UserStore.roles(in: $0) } }

    /// Makes a role, or changes what one of that name allows.
    func put(_ name: String, _ description: String, _ names: [String], by actor: Actor) async throws -> Role {
        guard Role.isName(name) else {
            throw APIError.invalid("name", "2 to 64 of a-z, 0-9, - and _")
        }
        guard !Role.builtIn.contains(where: { $0.name == name }) else {
            throw APIError(.conflict, "The role \(name) is built in")
        }
        guard description.utf8.count <= 512, !description.utf8.contains(0) else {
            throw APIError.invalid("description", "at most 512 bytes")
        }
        let permissions = Set(names.map { Permission($0) })
        if let unknown = permissions.subtracting(Permission.all).first {
            throw APIError.invalid("permissions", "there is no permission \(unknown.rawValue)")
        }
        guard permissions.isSubset(of: actor.permissions) else {
            throw APIError(.forbidden, "The role would allow more than you may do")
        }
        let role = Role(name: name, description: description, permissions: permissions, isBuiltIn: false)
        return try await changes.make { transaction in
            let before = try await UserStore.roles(in: transaction).first { $0.name == name }
            // Taking away is giving as well, to whoever then does what others did.
            guard before?.permissions.isSubset(of: actor.permissions) ?? true else {
                throw APIError(.forbidden, "The role allows more than you may do")
            }
            try await UserStore.putRole(role, in: transaction)
            try await audit.record(
                actor.entry("role.put", on: "role:\(name)", detail: Permission.text(permissions)),
                in: transaction)
            return (role, ["role:\(name)"])
        }
    }

    func delete(_ name: String, by actor: Actor) async throws {
        guard !Role.builtIn.contains(where: { $0.name == name }) else {
            throw APIError(.conflict, "The role \(name) is built in")
        }
        try await changes.make { transaction in
            let role = try await UserStore.roles(in: transaction).first { $0.name == name }
            guard let role else { throw APIError(.notFound, "There is no such role") }
            guard role.permissions.isSubset(of: actor.permissions) else {
                throw APIError(.forbidden, "The role allows more than you may do")
            }
            _ = try await UserStore.deleteRole(name, in: transaction)
            try await audit.record(actor.entry("role.delete", on: "role:\(name)"), in: transaction)
            return ((), ["role:\(name)"])
        }
    }
}
