import Base
import HTTPServer
package struct RateStanding: Sendable {
    func stamp(_ r: inout Response) {}
    func stamp(_ r: inout APIError?) {}
}
package struct RateLimitGate: Sendable {
    package init() {}
    func admit(_ r: Request, subject: String?) async throws -> RateStanding { RateStanding() }
}
