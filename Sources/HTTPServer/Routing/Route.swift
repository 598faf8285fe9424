public import Base
public import Wire

/// Answers a request.
public typealias Handler = @Sendable (Request) async throws -> Response

/// Stands before a handler: may answer itself, change the request, or change the answer.
public typealias Middleware = @Sendable (_ request: Request, _ next: Handler) async throws -> Response

/// One operation of the API: where it is, what it does, and how it is described.
public final class Route: Sendable {
    /// The method that the route answers.
    public let method: HTTPMethod
    /// The paths that the route answers.
    public let pattern: PathPattern
    /// Who may call it.
    public let access: Access
    /// With whom its callers compete.
    public let rate: RateClass
    /// Where credentials may stand beside the header fields.
    public let token: TokenPlace
    /// How an error is told to the clients of this route.
    let errorForm: @Sendable (APIError) -> Response
    /// How much longer than others its handler may take, because it waits for something to happen.
    public let patience: Duration
    /// Whether requests pass the middleware: what is open to all, never counted and in no document has nothing to ask there.
    let isGuarded: Bool
    /// What the API document says about it; an operation without it is not listed there.
    public let operation: Operation?
    /// What answers.
    public let handler: Handler

    /// Puts the parts together.
    public init(
        _ method: HTTPMethod, _ path: String, _ access: Access, _ operation: Operation? = nil,
        rate: RateClass = .interactive, token: TokenPlace = .fields, patience: Duration = .zero,
        errorForm: @escaping @Sendable (APIError) -> Response = Envelope.failure,
        handler: @escaping Handler
    ) {
        self.method = method
        pattern = PathPattern(path)
        self.access = access
        self.rate = rate
        self.token = token
        self.errorForm = errorForm
        self.patience = patience
        isGuarded = access != .open || rate != .unlimited || operation != nil
        self.operation = operation
        self.handler = handler
    }
}

/// Where a credential may stand beside the header fields.
public enum TokenPlace: Sendable {
    /// Nowhere else.
    case fields
    /// In the query (`?token=`), because browsers cannot send fields there.
    case query
    /// In the path's parameter `token`, behind a colon, because clients of the Bot API have it there.
    case path
}

extension APIError {
    /// What the client of a request is told: in the form of its route, or the envelope.
    public func answer(to request: Request) -> Response {
        request.route?.errorForm(self) ?? Envelope.failure(self)
    }
}

/// What the API document says about a route.
public struct Operation: Sendable {
    /// A unique name in camelCase, which generated clients use for their functions.
    public var id: String
    /// What it does, in half a line.
    public var summary: String
    /// What it means, in words.
    public var description: String
    /// The groups in which the document lists it.
    public var tags: [String]
    /// What path, query and headers carry.
    public var parameters: [Parameter]
    /// The body that it takes.
    public var request: Content?
    /// The same as a form, where it may come as one.
    public var form: Content?
    /// The answers that a client has to expect.
    public var responses: [Reply]

    /// Puts the parts together.
    public init(
        _ id: String, _ summary: String, description: String = "", tags: [String] = [],
        parameters: [Parameter] = [],
        request: Content? = nil, form: Content? = nil, responses: [Reply] = []
    ) {
        self.id = id
        self.summary = summary
        self.description = description
        self.tags = tags
        self.parameters = parameters
        self.request = request
        self.form = form
        self.responses = responses
    }

    /// A parameter in the path, the query or a header.
    public struct Parameter: Sendable {
        /// Where a parameter stands.
        public enum Place: String, Sendable { case path, query, header }

        /// The name on the wire.
        public var name: String
        /// Where it stands.
        public var place: Place
        /// What it means, in words.
        public var description: String
        /// The shape of the value.
        public var schema: Schema
        /// Whether it must be there.
        public var isRequired: Bool

        /// Puts the parts together.
        public init(
            _ name: String, in place: Place, _ description: String, _ schema: Schema, isRequired: Bool = false
        ) {
            self.name = name
            self.place = place
            self.description = description
            self.schema = schema
            self.isRequired = isRequired || place == .path
        }
    }

    /// A body of a media type.
    public struct Content: Sendable {
        /// The media type.
        public var type: String
        /// The shape of the value.
        public var schema: Schema

        /// Puts the parts together.
        public init(_ schema: Schema, type: String = "application/json") {
            self.type = type
            self.schema = schema
        }
    }

    /// An answer that a client has to expect.
    public struct Reply: Sendable {
        /// The status of the answer.
        public var status: HTTPStatus
        /// What it means, in words.
        public var description: String
        /// The body of the answer.
        public var content: Content?

        /// Puts the parts together.
        public init(_ status: HTTPStatus, _ description: String, _ content: Content? = nil) {
            self.status = status
            self.description = description
            self.content = content
        }
    }
}
