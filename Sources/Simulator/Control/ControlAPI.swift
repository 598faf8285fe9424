import Base
import HTTPServer
import Wire

/// The door for tests and demonstrations: plays people, makes trouble, and tells what happened.
final class ControlAPI: Sendable {
    private let core: Core

    init(_ core: Core) { self.core = core }

    /// `/sim/ACTION`, by GET with a query or by POST with JSON or a form.
    var routes: [Route] {
        [HTTPMethod.get, .post].map { method in
            Route(method, "/sim/{action}", .open, rate: .unlimited) { [self] in await answer($0) }
        }
    }

    private func answer(_ request: Request) async -> Response {
        do {
            let arguments = try await BotDoor.arguments(request, max: core.settings.bodyBytesMax)
            return BotDoor.response(.success(try await act(request.parameters["action"], arguments)))
        } catch let error as BotError {
            return BotDoor.response(.failure(error))
        } catch let error as WorldError {
            return BotDoor.response(.failure(BotError(error)))
        } catch {
            return BotDoor.response(.failure(BotError.bad("the request cannot be read")))
        }
    }

    /// Does one thing.
    func act(_ name: String, _ arguments: Arguments) async throws -> BotAnswer {
        switch name.lowercased() {
        case "reset":
            core.reset()
            return .done
        case "traffic": return try Traffic.start(arguments, core)
        case "script": return try await Script.start(arguments, self, core)
        default: break
        }
        guard let action = ControlActions.find(name.lowercased()) else {
            throw BotError(404, "Not Found: there is no action \(name.prefix(40))")
        }
        return try core.change { try action(&$0, arguments) }
    }
}
