import Base
import HTTPServer
import Wire

/// A route as the API document describes it.
struct APIOperation: Sendable {
    let method: HTTPMethod
    let pattern: PathPattern
    let operation: Operation
    let access: Access

    /// The path with its parameters as `{name}`, whatever their kind.
    var path: String {
        guard !pattern.parts.isEmpty else { return "/" }
        return pattern.parts.reduce(into: "") { path, part in
            switch part {
            case .fixed(let name): path += "/\(name.repairedText)"
            case .prefixed(let prefix, let name): path += "/\(prefix.repairedText){\(name)}"
            case .text(let name), .integer(let name), .rest(let name): path += "/{\(name)}"
            }
        }
    }

    /// The parameters of the path in its order, listed or not, and then the others as they are listed.
    var parameters: [Operation.Parameter] {
        let listed = operation.parameters
        let inPath = pattern.parts.compactMap { part -> Operation.Parameter? in
            let derived: Operation.Parameter
            switch part {
            case .fixed: return nil
            case .text(let name), .prefixed(_, let name): derived = .init(name, in: .path, "", .string())
            case .integer(let name): derived = .init(name, in: .path, "", .integer)
            case .rest(let name):
                derived = .init(name, in: .path, "The rest of the path; may have slashes.", .string())
            }
            return listed.first { $0.place == .path && $0.name == derived.name } ?? derived
        }
        return inPath + listed.filter { $0.place != .path }
    }

    /// Every schema that the operation speaks of.
    var schemas: [Schema] {
        parameters.map(\.schema) + [operation.request?.schema, operation.form?.schema].compactMap { $0 }
            + operation.responses.compactMap { $0.content?.schema }
    }

    /// The answers by status; those of one status are its forms.
    var replies: [(status: HTTPStatus, description: String, contents: [Operation.Content])] {
        var replies: [(status: HTTPStatus, description: String, contents: [Operation.Content])] = []
        for reply in operation.responses + refusals {
            let contents = [reply.content].compactMap { $0 }
            if let index = replies.firstIndex(where: { $0.status == reply.status }) {
                replies[index].contents += contents
            } else {
                replies.append((reply.status, reply.description, contents))
            }
        }
        return replies
    }
}

extension APIOperation {
    /// What whoever may not call it is answered.
    private var refusals: [Operation.Reply] {
        switch access {
        case .open: []
        case .signedIn: [.init(HTTPStatus(401), "No credential that is known.", .init(.failure))]
        case .needs(let permission):
            [
                .init(HTTPStatus(401), "No credential that is known.", .init(.failure)),
                .init(HTTPStatus(403), "Needs `\(permission.rawValue)`.", .init(.failure)),
            ]
        }
    }
}

extension [Route] {
    /// The routes that describe themselves; two operations of one name are a bug of the program.
    var described: [APIOperation] {
        var names: Set<String> = []
        return compactMap { route in
            guard let operation = route.operation else { return nil }
            precondition(names.insert(operation.id).inserted, "two operations are called \(operation.id)")
            return APIOperation(
                method: route.method, pattern: route.pattern, operation: operation, access: route.access)
        }
    }
}
