/// Lets a task wait until it is told to end; telling it twice does nothing more.
struct StopFlag: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func set() { continuation.finish() }

    func wait() async {
        for await _ in stream {}
    }
}
