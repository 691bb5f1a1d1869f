# In: SMB_OLD SMB_NEW. A change of smb.conf that running services take up.
swap /etc/samba/smb.conf 644 "$SMB_OLD" "$SMB_NEW"
smbcontrol all reload-config >/dev/null 2>&1
end_rpc
