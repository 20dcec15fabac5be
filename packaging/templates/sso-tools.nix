# Written by packaging/render. `nix-env --install --file sso-tools.nix`, or a package of a configuration: pkgs.callPackage ./sso-tools.nix { }.
{
  pkgs ? import <nixpkgs> { },
}:
let
  version = "@VERSION@";
  meta = {
    description = "Keep AWS SSO logged in: check, renew, ask, and log in once for all processes";
    homepage = "@REPOSITORY@";
    license = pkgs.lib.licenses.mit;
    mainProgram = "sso-login";
    platforms = pkgs.lib.platforms.unix;
  };
  tarball =
    target: sha256:
    pkgs.fetchurl {
      url = "@DOWNLOAD@/sso-tools-${version}-${target}.tar.gz";
      inherit sha256;
    };
  # Static programs: the tarball is all of it.
  built = {
    x86_64-linux = tarball "x86_64-unknown-linux-musl" "@X86_64_SHA256@";
    aarch64-linux = tarball "aarch64-unknown-linux-musl" "@AARCH64_SHA256@";
  };
  source = tarball "source" "@SOURCE_SHA256@";
  system = pkgs.stdenv.hostPlatform.system;
in
if built ? ${system} then
  pkgs.stdenv.mkDerivation {
    pname = "sso-tools";
    inherit version meta;
    src = built.${system};
    dontConfigure = true;
    dontBuild = true;
    installPhase = "mkdir -p $out && cp -R bin share $out/";
  }
else
  pkgs.rustPlatform.buildRustPackage {
    pname = "sso-tools";
    inherit version meta;
    src = source;
    cargoLock.lockFile = pkgs.runCommand "Cargo.lock" { } "tar xzOf ${source} sso-tools-${version}-source/Cargo.lock > $out";
    # The tests want a machine of their own.
    doCheck = false;
    postInstall = ''
      cp scripts/* $out/bin/
      for tool in signal lock cache profile login; do "$out/bin/sso-$tool" --generate $out/share; done
      cp packaging/man/*.1 $out/share/man/man1/
    '';
  }
