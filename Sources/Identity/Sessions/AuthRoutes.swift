import Base
import HTTPServer
import Kernel
import Wire

/// The routes for signing in and out.
struct AuthRoutes: Sendable {
    let sessions: Sessions
    let users: Users
    let setup: Setup
    let browsers: BrowserRules

    var routes: [Route] {
        [
            Route(.post, "/api/v1/auth/login", .open, Self.loginOperation, rate: .signIn) {
                try await login($0)
            },
            Route(.post, "/api/v1/auth/refresh", .open, Self.refreshOperation) {
                try await refresh($0)
            },
            Route(.post, "/api/v1/auth/setup", .open, Self.setupOperation, rate: .signIn) {
                try await makeFirstAdmin($0)
            },
            Route(.post, "/api/v1/auth/logout", .signedIn, Self.logoutOperation) { try await logout($0) },
            Route(.get, "/api/v1/auth/me", .signedIn, Self.meOperation) { try await me($0) },
            Route(.post, "/api/v1/auth/password", .signedIn, Self.passwordOperation, rate: .signIn) {
                try await changePassword($0)
            },
        ]
    }

    // MARK: Handlers

    private struct Login: Decodable {
        var username: String
        var password: String
        var cookie: Bool?
    }

    private func login(_ request: Request) async throws -> Response {
        let body = try await request.decode(Login.self)
        let pass = try await sessions.signIn(
            body.username, Secret(body.password), by: Actor(request),
            agent: request.fields["user-agent"] ?? "",
            forBrowser: body.cookie ?? false)
        return answer(pass, request)
    }

    private struct Refresh: Decodable { var refreshToken: String? }

    private func refresh(_ request: Request) async throws -> Response {
        let isEmpty = request.body.length == 0
        let token = isEmpty ? nil : try await request.decode(Refresh.self).refreshToken
        if let token {
            return answer(try await sessions.refresh(token, by: Actor(request), forBrowser: false), request)
        }
        // The text that goes along with other requests is what a page that was loaded anew has no more.
        try browsers.checkOrigin(request)
        guard let cookie = request.cookie(Self.refreshCookie)?.text else {
            throw APIError.invalid("refreshToken", "is required")
        }
        return answer(try await sessions.refresh(cookie, by: Actor(request), forBrowser: true), request)
    }

    private struct FirstAdmin: Decodable {
        var token: String
        var username: String
        var password: String
    }

    private func makeFirstAdmin(_ request: Request) async throws -> Response {
        let body = try await request.decode(FirstAdmin.self)
        let user = try await setup.use(Secret(body.token), by: Actor(request)) { actor in
            try await users.create(
                Users.Draft(
                    username: body.username, password: Secret(body.password), roles: [Role.admin.name]),
                by: actor, onlyAsFirst: true)
        }
        return Envelope.one(to: request, "user", user, status: .created)
    }

    private func logout(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        guard let session = caller.sessionID else {
            throw APIError(.conflict, "There is no session to end: revoke the key instead")
        }
        try await sessions.end(session, of: caller.userID, "signed out", by: Actor(request))
        var response = Envelope.done(request)
        for name in [Credentials.cookieName, Self.refreshCookie] {
            setCookie(name, "", age: .zero, request, &response)
        }
        return response
    }

    private func me(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        guard let user = try await users.user(caller.userID) else { throw APIError(.unauthorized) }
        return Envelope.success(to: request) {
            $0.object {
                $0.field("user", user)
                $0.field("credential", caller.credential.rawValue)
                $0.field("keyId", caller.keyID)
                $0.field("sessionId", caller.sessionID.map { "\($0)" })
                $0.field("permissions", caller.permissions.map(\.rawValue).sorted())
                $0.field("expiresAt", caller.expiresAt?.rfc3339)
            }
        }
    }

    private struct PasswordChange: Decodable {
        var currentPassword: String
        var newPassword: String
    }

    private func changePassword(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        guard caller.keyID == nil else { throw APIError(.forbidden, "A key cannot change a password") }
        let body = try await request.decode(PasswordChange.self)
        try await sessions.changePassword(
            of: caller.userID, session: caller.sessionID, from: Secret(body.currentPassword),
            to: Secret(body.newPassword), by: Actor(request))
        return Envelope.done(request)
    }

    // MARK: Answers

    private static let refreshCookie = "hg_refresh"

    private func answer(_ pass: Sessions.Pass, _ request: Request) -> Response {
        var response = Envelope.success(to: request) {
            $0.object {
                $0.field("user", pass.user)
                $0.field("sessionId", "\(pass.session)")
                $0.field("tokenType", "Bearer")
                $0.field("expiresIn", Int(SigningKeys.tokenLife.components.seconds))
                if let csrf = pass.csrfToken {
                    $0.field("csrfToken", csrf)
                } else {
                    $0.field("accessToken", pass.accessToken.repairedText)
                    $0.field("refreshToken", pass.refreshToken)
                }
            }
        }
        if pass.csrfToken != nil {
            setCookie(
                Credentials.cookieName, pass.accessToken.repairedText, age: SigningKeys.tokenLife, request,
                &response)
            setCookie(Self.refreshCookie, pass.refreshToken, age: Sessions.life, request, &response)
        }
        return response
    }

    private func setCookie(
        _ name: String, _ value: String, age: Duration, _ request: Request, _ response: inout Response
    ) {
        let path = name == Self.refreshCookie ? "/api/v1/auth/refresh" : "/"
        let secure = request.isSecure ? "; Secure" : ""
        response.fields.append(
            "set-cookie",
            "\(name)=\(value); Path=\(path); Max-Age=\(age.components.seconds); HttpOnly; SameSite=Strict\(secure)"
        )
    }
}
