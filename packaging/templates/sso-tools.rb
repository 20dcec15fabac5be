# Written by packaging/render.
class SsoTools < Formula
  desc "Keep AWS SSO logged in: check, renew, ask, and log in once for all processes"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "MIT"

  on_macos do
    url "@DOWNLOAD@/sso-tools-@VERSION@-source.tar.gz"
    sha256 "@SOURCE_SHA256@"
    depends_on "rust" => :build
  end

  on_linux do
    on_intel do
      url "@DOWNLOAD@/sso-tools-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@X86_64_SHA256@"
    end
    on_arm do
      url "@DOWNLOAD@/sso-tools-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@AARCH64_SHA256@"
    end
  end

  def install
    if OS.mac?
      %w[sso-signal sso-lock sso-cache sso-profile sso-login].each do |tool|
        system "cargo", "install", *std_cargo_args(path: tool)
        system bin/tool, "--generate", share
      end
      bin.install Dir["scripts/*"]
      man1.install Dir["packaging/man/*.1"]
      (share/"sso-tools").install "systemd", "launchd"
    else
      bin.install Dir["bin/*"]
      share.install Dir["share/*"]
    end
  end

  test do
    system bin/"sso-login", "sandbox", "--", bin/"sso-profile", "show", "demo"
  end
end
