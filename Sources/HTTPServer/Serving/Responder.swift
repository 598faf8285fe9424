import Base
import Reactor
import Wire

/// Turns every request into an answer: route, middleware, handler, and an envelope for whatever fails.
final class Responder: Sendable {
    let router: Router
    private let middleware: Handler?
    private let logger: Logger

    init(router: Router, middleware: [Middleware], logger: Logger) {
        self.router = router
        self.logger = logger
        guard !middleware.isEmpty else {
            self.middleware = nil
            return
        }
        // The chain ends in the request's own handler, which the router has chosen before. What it throws becomes an
        // answer below the middleware, so that middleware can add fields to errors as to everything else.
        var chain: Handler = { request in await Self.handle(request, logger) }
        for middleware in middleware.reversed() {
            let next = chain
            chain = { request in try await middleware(request, next) }
        }
        self.middleware = chain
    }

    /// Finds the request's route and gives its index.
    func route(_ request: inout Request) -> Int? {
        // A part that could not be read would count as absent: a filter that is not there lets everything through.
        guard request.query.isEmpty || PercentEncoding.decode(request.query, plusIsSpace: true)?.text != nil
        else {
            request.refusal = .malformed("The query is not encoded correctly")
            return nil
        }
        switch router.match(request.method, request.path) {
        case .found(let index, let parameters):
            request.parameters = parameters
            request.route = router.routes[index]
            return index
        case .otherMethods(let methods): request.refusal = .otherMethods(methods)
        case .notFound: request.refusal = .notFound
        case .malformed(let why): request.refusal = .malformed(why)
        }
        return nil
    }

    /// Answers a request that has been routed; never fails.
    func respond(to request: Request) async -> Response {
        let response: Response
        if let middleware, request.route?.isGuarded ?? true {
            do { response = try await middleware(request) } catch {
                response = Self.failure(error, request, logger)
            }
        } else {
            response = await Self.handle(request, logger)
        }
        return Compression.concerns(response)
            ? await Compression.apply(to: response, for: request) : response
    }

    /// What the route's handler answers, or the envelope of what it throws.
    private static func handle(_ request: Request, _ logger: Logger) async -> Response {
        do {
            guard let route = request.route else { return try request.refuse() }
            return try await route.handler(request)
        } catch {
            return failure(error, request, logger)
        }
    }

    /// What a client is told of an error.
    private static func failure(_ error: any Error, _ request: Request, _ logger: Logger) -> Response {
        told(error, request, logger).answer(to: request)
    }

    private static func told(_ error: any Error, _ request: Request, _ logger: Logger) -> APIError {
        switch error {
        case let error as APIError: return error
        case let error as JSONError: return APIError(error)
        case is CancellationError: return APIError(.timeout)
        // The client is gone; whatever is answered goes nowhere.
        case is StreamError: return APIError(.requestTimeout)
        default:
            if let known = (error as? any APIErrorCause)?.apiError { return known }
            // What went wrong inside is for the log, not for the client.
            logger.error(
                "a handler failed",
                ["error": .init(describing: error), "path": .string(request.shownPath)])
            return APIError(.internalError)
        }
    }
}

extension Request {
    /// Why no route takes the request.
    enum Refusal: Sendable {
        case otherMethods([HTTPMethod])
        case notFound
        case malformed(String)
    }

    /// Says why no route takes the request.
    fileprivate func refuse() throws -> Response {
        switch refusal {
        case .otherMethods(let methods):
            let allow = methods.map(\.name).joined(separator: ", ")
            if method == .options { return Response(status: .noContent, fields: ["allow": allow]) }
            throw APIError(.methodNotAllowed, "Use one of \(allow)", fields: ["allow": allow])
        case .malformed(let why): throw APIError(.badRequest, why)
        case .notFound, nil: throw APIError(.notFound, "There is nothing at this path")
        }
    }

    /// What log lines of this request are marked with, and what outgoing requests hand on.
    var trace: TraceContext {
        TraceContext(
            requestID: id,
            correlationID: fields.bytes("x-correlation-id").flatMap(TraceContext.correlationID),
            parent: fields.bytes("traceparent").flatMap { TraceParent($0) },
            traceState: fields.bytes("tracestate"))
    }
}
